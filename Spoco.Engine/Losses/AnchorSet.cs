using System.Buffers;
using System.Runtime.InteropServices;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Losses;

/// <summary>
/// The anchors of L_Ucon. By definition an anchor is drawn uniformly from the unlabelled pixels that no earlier anchor is near to. Here pixels are
/// drawn uniformly from all unlabelled ones and rejected where an earlier anchor is near: the same distribution without a pass over the image per
/// anchor. Enough pixels are drawn that anchors cannot run out while more than a few percent of the image remain.
/// </summary>
internal sealed class AnchorSet
{
    /// <summary>Pixels drawn per image: 20 anchors are found among them even where 95 % are rejected.</summary>
    private const int Candidates = 1024;

    private AnchorSet(int[][] pixels, float[] embeddings, float[] momentumEmbeddings)
    {
        Pixels = pixels;
        Embeddings = embeddings;
        MomentumEmbeddings = momentumEmbeddings;
    }

    /// <summary>Per image, indices into the batch.</summary>
    public int[][] Pixels { get; }

    /// <summary>Number of anchors of the batch.</summary>
    public int Count => Pixels.Sum(p => p.Length);

    /// <summary>e^f at the anchors, [anchors, E].</summary>
    public float[] Embeddings { get; }

    /// <summary>e^g at the anchors.</summary>
    public float[] MomentumEmbeddings { get; }

    /// <summary>The given pixels (indices into the image).</summary>
    public static AnchorSet Given(EmbeddingLayout layout, Tensor f, Tensor g, IReadOnlyList<int[]> anchors)
    {
        var pixels = new int[layout.Images][];
        for (var n = 0; n < pixels.Length; n++)
        {
            foreach (var anchor in anchors[n])
            {
                if (anchor < 0 || anchor >= layout.Pixels)
                    throw new ArgumentException($"SpocoLoss: anchor {anchor} of image {n} lies outside its {layout.Pixels} pixels.");
            }

            var first = n * layout.Pixels;
            pixels[n] = Array.ConvertAll(anchors[n], a => first + a);
        }

        var all = pixels.SelectMany(p => p).ToArray();
        var ef = new float[all.Length * layout.Channels];
        var eg = new float[ef.Length];
        Primitives.EmbeddingLoss.Gather(layout, f.Buffer, all, ef);
        Primitives.EmbeddingLoss.Gather(layout, g.Buffer, all, eg);
        return new AnchorSet(pixels, ef, eg);
    }

    /// <summary>Draws anchors for every image with enough unlabelled pixels.</summary>
    public static AnchorSet Draw(EmbeddingLayout layout, Tensor f, Tensor g, LabelBatch labels, ImageObjects[] images, SpocoLossOptions options,
        int seed)
    {
        var random = new RandomSource(seed);
        var candidates = new List<int>(layout.Images * Candidates);
        var ends = new int[layout.Images];
        for (var n = 0; n < ends.Length; n++)
        {
            if (images[n].Unlabelled > 0 && images[n].Unlabelled >= options.RemainingFraction * layout.Pixels)
            {
                var unlabelled = labels.Pixels(images[n].FirstCluster);
                for (var i = 0; i < Candidates; i++)
                    candidates.Add(unlabelled[random.NextInt(unlabelled.Length)]);
            }

            ends[n] = candidates.Count;
        }

        // Pooled: half a megabyte per step would go to the large object heap.
        var length = candidates.Count * layout.Channels;
        var ef = ArrayPool<float>.Shared.Rent(length);
        var eg = ArrayPool<float>.Shared.Rent(length);
        Primitives.EmbeddingLoss.Gather(layout, f.Buffer, CollectionsMarshal.AsSpan(candidates), ef.AsSpan(0, length));
        Primitives.EmbeddingLoss.Gather(layout, g.Buffer, CollectionsMarshal.AsSpan(candidates), eg.AsSpan(0, length));
        var pixels = new int[layout.Images][];
        var accepted = new List<int>();
        for (var (n, i) = (0, 0); n < pixels.Length; n++)
        {
            var before = accepted.Count;
            for (; i < ends[n] && accepted.Count - before < options.MaximalAnchors; i++)
            {
                var free = true;
                for (var a = before; a < accepted.Count && free; a++)
                    free = !IsNear(ef, accepted[a], i) && !IsNear(eg, accepted[a], i);
                if (free)
                    accepted.Add(i);
            }

            pixels[n] = [.. accepted.Skip(before).Select(a => candidates[a])];
            i = ends[n];
        }

        var anchors = new AnchorSet(pixels, Select(ef), Select(eg));
        ArrayPool<float>.Shared.Return(ef);
        ArrayPool<float>.Shared.Return(eg);
        return anchors;

        bool IsNear(float[] e, int a, int b)
        {
            var sum = 0f;
            for (var c = 0; c < layout.Channels; c++)
            {
                var difference = e[a * layout.Channels + c] - e[b * layout.Channels + c];
                sum += difference * difference;
            }

            return MathF.Sqrt(sum) < options.PullMargin;
        }

        float[] Select(float[] e)
        {
            var selected = new float[accepted.Count * layout.Channels];
            for (var i = 0; i < accepted.Count; i++)
                e.AsSpan(accepted[i] * layout.Channels, layout.Channels).CopyTo(selected.AsSpan(i * layout.Channels));
            return selected;
        }
    }
}
