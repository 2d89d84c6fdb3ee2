using System.Buffers;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>What a foreground channel learns of a batch: w within objects and -w on background, see <see cref="ForegroundLoss"/>.</summary>
internal sealed class ForegroundTargets : IDisposable
{
    /// <summary>How far around an object its weight reaches, in pixels along the axes: where its outline is decided.</summary>
    public const int Reach = 4;

    private readonly Holdings _holdings;

    private ForegroundTargets(Holdings holdings, DeviceBuffer<float> buffer, float balance, DeviceBuffer<int> objectPixels)
    {
        _holdings = holdings;
        Buffer = buffer;
        Balance = balance;
        ObjectPixels = objectPixels;
    }

    /// <summary>One target per pixel.</summary>
    public DeviceBuffer<float> Buffer { get; }

    /// <summary>Largest w.</summary>
    public float Balance { get; }

    /// <summary>Pixels of objects in every image.</summary>
    public DeviceBuffer<int> ObjectPixels { get; }

    public static ForegroundTargets Upload(ComputeDevice device, LabelBatch labels, float balance)
    {
        var shape = labels.Shape;
        var pixels = (int)shape.VoxelsPerImage;
        var count = labels.Owners.Length;
        var targets = ArrayPool<float>.Shared.Rent(count);
        var objectPixels = new int[shape.N];
        for (var n = 0; n < shape.N; n++)
            objectPixels[n] = Fill(labels, n, balance, targets.AsSpan(n * pixels, pixels));
        using var holdings = new Holdings();
        var buffer = holdings.Upload<float>(device, targets.AsSpan(0, count), nameof(ForegroundTargets));
        ArrayPool<float>.Shared.Return(targets);
        var pixelsThere = holdings.Upload<int>(device, objectPixels, nameof(ForegroundTargets));
        return new ForegroundTargets(holdings.Share(), buffer, balance, pixelsThere);
    }

    public void Dispose() => _holdings.Dispose();

    /// <summary>Writes the targets of an image and returns how many of its pixels belong to objects.</summary>
    private static int Fill(LabelBatch labels, int image, float balance, Span<float> targets)
    {
        var first = labels.ImageClusters[image];
        var firstObject = first + (labels.Labels[first] == 0 ? 1 : 0);
        var end = labels.ImageClusters[image + 1];
        var objectPixels = 0;
        targets.Fill(-1);
        for (var k = firstObject; k < end; k++)
            objectPixels += labels.Pixels(k).Length;

        // Objects first, then the background around them.
        var meanSize = (double)objectPixels / Math.Max(1, end - firstObject);
        var origin = image * targets.Length;
        var ring = new List<int>();
        for (var k = firstObject; k < end; k++)
        {
            var weight = (float)Math.Clamp(meanSize / labels.Pixels(k).Length, 1, balance);
            foreach (var pixel in labels.Pixels(k))
            {
                targets[pixel - origin] = weight;
                if (weight > 1)
                    ring.Add(pixel - origin);
            }
        }

        Surroundings.Spread(labels.Shape, targets, ring, Reach, free: -1, static beside => -Math.Abs(beside));
        return objectPixels;
    }
}
