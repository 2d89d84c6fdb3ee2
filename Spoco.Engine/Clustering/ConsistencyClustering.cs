using Spoco.Engine.Segmentation;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Clustering;

/// <summary>
/// Consistency clustering (paper, Algorithm 1): a mean-shift of the embeddings of f finds objects, and those stay that look the same in the embeddings of g. From every
/// object S, M anchors a are drawn; each gives the mask of all pixels i of the image, in or outside the foreground, with |e^g_i - e^g_a| &lt; delta_v. Where the median of the M IoUs
/// |mask and S| / |mask or S| is below t_IoU, the object is dropped.
/// <para>
/// The paper shows f and g two augmented views of the image; here both see the image as it is. It keeps an object whose median is above the threshold, its code (cluster_consistency in
/// spoco/cluster.py) also one whose median is the threshold: so does this. The code adds 1e-5 to both sides of the IoU, this adds nothing.
/// </para>
/// The anchors of an object depend on the seed, the object's number and its pixels alone, and masks are the same on every device (<see cref="BallOverlap"/>).
/// </summary>
/// <param name="options">Bandwidth, anchors and threshold; the defaults where null.</param>
public sealed class ConsistencyClustering(ConsistencyOptions? options = null) : IClustering
{
    private const int MostAnchors = 10_000;
    private const int BallsAtOnce = 1 << 14;

    private readonly ConsistencyOptions _options = options ?? new ConsistencyOptions();

    /// <inheritdoc/>
    public string Name => "consistency";

    /// <inheritdoc/>
    public bool ReadsMomentum => true;

    /// <inheritdoc/>
    public Volume<int> Cluster(
        Prediction prediction, Volume<byte>? foreground = null, ComputeDevice? device = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        if (prediction.MomentumEmbeddings is not { } g)
            throw new ArgumentException("ConsistencyClustering: the prediction holds no embeddings of g; predict them, too.");
        if (!g.HasExtentsOf(prediction.Embeddings) || g.Channels != prediction.Embeddings.Channels)
            throw new ArgumentException($"ConsistencyClustering: the embeddings of g ({g}) do not fit those of f ({prediction.Embeddings}).");
        if (_options.Anchors is < 1 or > MostAnchors)
            throw new ArgumentException($"ConsistencyClustering: an object has 1 to {MostAnchors} anchors, got {_options.Anchors}.");
        if (_options.Threshold is not (>= 0 and <= 1))
            throw new ArgumentException($"ConsistencyClustering: the threshold must be within 0 .. 1, got {_options.Threshold}.");
        MaskedPoints.RequireFinite(g, null, "ConsistencyClustering, g");
        var objects = new MeanShiftClustering(_options.MeanShift).Cluster(prediction, foreground, device, cancellation);
        return Consistent(objects, g, Anchors(objects, _options.Anchors, _options.Seed), device, cancellation);
    }

    /// <summary>The objects that look the same in the embeddings of g, numbered by first voxel.</summary>
    /// <param name="objects">Labels from 1 without gaps.</param>
    /// <param name="g">Embeddings of g.</param>
    /// <param name="anchors">Pixels of the objects, [objects, anchors].</param>
    /// <param name="device">Where to compute; null = all cores of the host.</param>
    /// <param name="cancellation">Stops between objects.</param>
    internal Volume<int> Consistent(Volume<int> objects, Volume<float> g, int[] anchors, ComputeDevice? device, CancellationToken cancellation)
    {
        var medians = MedianIous(objects, g, anchors, (float)_options.MeanShift.Bandwidth, device, cancellation);
        return Relabel.Compact(LabelImage.Map(objects, s => s > 0 && medians[s - 1] >= _options.Threshold ? s : 0)).Labels;
    }

    /// <summary>Draws the anchors: pixels of every object, [objects, anchors].</summary>
    /// <param name="objects">Labels from 1 without gaps.</param>
    /// <param name="anchors">How many each object gets.</param>
    /// <param name="seed">Decides the draw.</param>
    internal static int[] Anchors(Volume<int> objects, int anchors, long seed)
    {
        // The pixels of every object, one object behind the other; those of none come first.
        var count = objects.Data.Max();
        var starts = new int[count + 2];
        foreach (var label in objects.Data)
            starts[label + 1]++;
        for (var label = 1; label < starts.Length; label++)
            starts[label] += starts[label - 1];
        var (pixels, next) = (new int[objects.Data.Length], starts.ToArray());
        for (var i = 0; i < pixels.Length; i++)
            pixels[next[objects.Data[i]]++] = i;

        var drawn = new int[count * anchors];
        for (var label = 1; label <= count; label++)
        {
            var random = RandomSource.ForIndex(seed, 0, label);
            for (var a = 0; a < anchors; a++)
                drawn[(label - 1) * anchors + a] = pixels[starts[label] + random.NextInt(starts[label + 1] - starts[label])];
        }

        return drawn;
    }

    /// <summary>The median over an object's anchors of the IoU of the object with the ball around the anchor, for every object.</summary>
    /// <param name="objects">Labels from 1 without gaps.</param>
    /// <param name="g">Embeddings of g.</param>
    /// <param name="anchors">Pixels, [objects, anchors].</param>
    /// <param name="radius">delta_v.</param>
    /// <param name="device">Where to compute; null = all cores of the host.</param>
    /// <param name="cancellation">Stops between objects.</param>
    internal static double[] MedianIous(Volume<int> objects, Volume<float> g, int[] anchors, float radius, ComputeDevice? device, CancellationToken cancellation)
    {
        var medians = new double[objects.Data.Max()];
        if (medians.Length == 0)
            return medians;
        var sizes = LabelImage.Sizes(objects);
        using var holdings = new Holdings();
        var where = device ?? holdings.Add(ComputeDevice.Open("cpu"));
        var embeddings = holdings.Upload<float>(where, g.Data, nameof(ConsistencyClustering));
        var labels = holdings.Upload<int>(where, objects.Data, nameof(ConsistencyClustering));
        var perObject = anchors.Length / medians.Length;
        var step = Math.Max(1, BallsAtOnce / perObject);
        var (within, ofObject, ious) = (new int[step * perObject], new int[step * perObject], new double[perObject]);
        for (var first = 0; first < medians.Length; first += step)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = Math.Min(step, medians.Length - first);
            var balls = count * perObject;
            BallOverlap.Count(new BallOverlapShape(objects.VoxelCount, g.Channels, first + 1, count, perObject), embeddings, labels,
                anchors.AsSpan(first * perObject, balls), radius, within.AsSpan(0, balls), ofObject.AsSpan(0, balls));
            for (var k = 0; k < count; k++)
            {
                for (var a = 0; a < perObject; a++)
                {
                    var ball = k * perObject + a;
                    ious[a] = (double)ofObject[ball] / (sizes[first + k + 1] + within[ball] - ofObject[ball]);
                }

                medians[first + k] = Median(ious);
            }
        }

        return medians;
    }

    /// <summary>The middle value, or the mean of the two; sorts the values.</summary>
    private static double Median(double[] values)
    {
        Array.Sort(values);
        return (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
    }
}
