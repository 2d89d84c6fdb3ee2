using System.Buffers;
using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>What a foreground channel learns of a batch with few labels: 1 within objects, -1 on labelled background, 0 where nothing is known.</summary>
internal sealed class PositiveUnlabelledTargets : IDisposable
{
    private PositiveUnlabelledTargets(DeviceBuffer<float> buffer, int positives, int background)
    {
        Buffer = buffer;
        Positives = positives;
        Background = background;
    }

    /// <summary>One target per pixel.</summary>
    public DeviceBuffer<float> Buffer { get; }

    /// <summary>Pixels of objects in the batch.</summary>
    public int Positives { get; }

    /// <summary>Pixels of labelled background in the batch.</summary>
    public int Background { get; }

    public static PositiveUnlabelledTargets Upload(ComputeDevice device, LabelBatch labels)
    {
        var count = labels.Owners.Length;
        var targets = ArrayPool<float>.Shared.Rent(count);
        targets.AsSpan(0, count).Clear();
        foreach (var pixel in labels.BackgroundPixels)
            targets[pixel] = -1;
        var positives = 0;
        for (var k = 0; k < labels.Clusters; k++)
        {
            if (labels.Labels[k] == 0)
                continue;
            foreach (var pixel in labels.Pixels(k))
                targets[pixel] = 1;
            positives += labels.Pixels(k).Length;
        }

        var buffer = device.Allocate<float>(count, nameof(PositiveUnlabelledTargets));
        buffer.CopyFrom(targets.AsSpan(0, count));
        ArrayPool<float>.Shared.Return(targets);
        return new PositiveUnlabelledTargets(buffer, positives, labels.BackgroundPixels.Length);
    }

    public void Dispose() => Buffer.Memory.Dispose();
}
