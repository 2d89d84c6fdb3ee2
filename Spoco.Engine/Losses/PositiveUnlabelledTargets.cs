using System.Buffers;
using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>What a foreground channel learns of a batch with few labels: 1 within objects, 0.5 beside them, -1 on
/// labelled background, 0 where nothing is known.</summary>
internal sealed class PositiveUnlabelledTargets : IDisposable
{
    /// <summary>How far beside an object its outline is learned, in pixels along the axes.</summary>
    public const int Reach = 3;

    private PositiveUnlabelledTargets(DeviceBuffer<float> buffer, int positives, int beside, int background)
    {
        Buffer = buffer;
        Positives = positives;
        Beside = beside;
        Background = background;
    }

    /// <summary>One target per pixel.</summary>
    public DeviceBuffer<float> Buffer { get; }

    /// <summary>Pixels of objects in the batch.</summary>
    public int Positives { get; }

    /// <summary>Pixels beside them.</summary>
    public int Beside { get; }

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

        var beside = 0;
        var pixels = (int)labels.Shape.VoxelsPerImage;
        for (var n = 0; n < labels.Shape.N; n++)
            beside += Surround(labels, n, targets.AsSpan(n * pixels, pixels));
        var buffer = device.Allocate<float>(count, nameof(PositiveUnlabelledTargets));
        buffer.CopyFrom(targets.AsSpan(0, count));
        ArrayPool<float>.Shared.Return(targets);
        return new PositiveUnlabelledTargets(buffer, positives, beside, labels.BackgroundPixels.Length);
    }

    public void Dispose() => Buffer.Memory.Dispose();

    /// <summary>Marks what lies up to <see cref="Reach"/> pixels beside the objects of an image, and returns how many pixels that are.</summary>
    private static int Surround(LabelBatch labels, int image, Span<float> targets)
    {
        var (origin, ring) = (image * targets.Length, new List<int>());
        for (var k = labels.ImageClusters[image]; k < labels.ImageClusters[image + 1]; k++)
        {
            if (labels.Labels[k] == 0)
                continue;
            foreach (var pixel in labels.Pixels(k))
                ring.Add(pixel - origin);
        }

        return Surroundings.Spread(labels.Shape, targets, ring, Reach, free: 0, static _ => 0.5f);
    }
}
