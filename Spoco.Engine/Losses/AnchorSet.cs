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
        return new AnchorSet(pixels, Gather(layout, f, all), Gather(layout, g, all));
    }

    /// <summary>Draws anchors for every image with enough unlabelled pixels.</summary>
    public static AnchorSet Draw(EmbeddingLayout layout, Tensor f, Tensor g, LabelBatch labels, ImageObjects[] images, SpocoLossOptions options, int seed)
    {
        var random = new Random(seed);
        var drawn = new int[layout.Images][];
        for (var n = 0; n < drawn.Length; n++)
        {
            drawn[n] = [];
            if (images[n].Unlabelled == 0 || images[n].Unlabelled < options.RemainingFraction * layout.Pixels)
                continue;
            drawn[n] = new int[Candidates];
            var unlabelled = labels.Pixels(images[n].FirstCluster);
            for (var i = 0; i < Candidates; i++)
                drawn[n][i] = unlabelled[random.Next(unlabelled.Length)];
        }

        var all = drawn.SelectMany(p => p).ToArray();
        var ef = Gather(layout, f, all);
        var eg = Gather(layout, g, all);
        var pixels = new int[layout.Images][];
        var accepted = new List<int>();
        var first = 0;
        for (var n = 0; n < drawn.Length; n++)
        {
            var before = accepted.Count;
            for (var i = first; i < first + drawn[n].Length && accepted.Count - before < options.MaximalAnchors; i++)
            {
                var free = true;
                for (var a = before; a < accepted.Count && free; a++)
                    free = !IsNear(ef, accepted[a], i) && !IsNear(eg, accepted[a], i);
                if (free)
                    accepted.Add(i);
            }

            pixels[n] = [.. accepted.Skip(before).Select(i => all[i])];
            first += drawn[n].Length;
        }

        return new AnchorSet(pixels, Select(ef), Select(eg));

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

        float[] Select(float[] e) => [.. accepted.SelectMany(i => e.AsSpan(i * layout.Channels, layout.Channels).ToArray())];
    }

    private static float[] Gather(EmbeddingLayout layout, Tensor tensor, int[] pixels)
    {
        if (pixels.Length == 0)
            return [];
        var indices = tensor.Device.Allocate<int>(pixels.Length, nameof(AnchorSet));
        var values = tensor.Device.Allocate<float>((long)pixels.Length * layout.Channels, nameof(AnchorSet));
        using var indexMemory = indices.Memory;
        using var valueMemory = values.Memory;
        indices.CopyFrom(pixels);
        Primitives.EmbeddingLoss.Gather(layout, tensor.Buffer, indices, values);
        return values.ToArray();
    }
}
