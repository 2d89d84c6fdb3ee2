using Spoco.Engine.Segmentation;

namespace Spoco.Engine.Suggestions;

/// <summary>
/// How unsure a model is of each region r of an image. With f and g the embeddings of the two networks, p the probability of the foreground, delta_v and delta_d the margins:
/// <list type="bullet">
/// <item><description>disagreement: 1 - the median, over 9 voxels a of r, of 2 sum S T / (sum S^2 + sum T^2), the agreement that L_Ucon (Eq. 7) trains, with the soft masks
/// S_i = exp(-|f_i - f_a|^2 / (2 sigma^2)) and T_i = exp(-|g_i - g_a|^2 / (2 sigma^2)) (Eq. 3) over the box of r and half of its extent around it;</description></item>
/// <item><description>unclear foreground: the mean of 4 p (1 - p) over r and its rim;</description></item>
/// <item><description>low margin: the mean over the voxels i of r of min(1, |f_i - m_r| / min(delta_d, min_n |f_i - m_n|)), m the mean embeddings of r and of the regions n
/// that its rim touches: near 0 where r is compact and far from its neighbours.</description></item>
/// </list>
/// Ours, of the paper's terms.
/// </summary>
public static class RegionMeasuring
{
    private const int Anchors = 9;

    /// <summary>Measures all regions of an image.</summary>
    /// <param name="proposals">The regions.</param>
    /// <param name="prediction">Embeddings of f and g and, where the model has one, the foreground.</param>
    /// <param name="pullMargin">delta_v.</param>
    /// <param name="pushMargin">delta_d.</param>
    /// <param name="kernelThreshold">t: the value of a soft mask at distance delta_v, 2 sigma^2 = -delta_v^2 / ln t.</param>
    /// <param name="cancellation">Stops between regions.</param>
    /// <returns>The measures of the regions 1, 2, ...</returns>
    /// <exception cref="ArgumentException">Sizes differ, there is no embedding of g, or a margin or threshold is out of range.</exception>
    public static RegionMeasures[] Of(
        RegionProposals proposals, Prediction prediction, double pullMargin, double pushMargin, double kernelThreshold, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(proposals);
        ArgumentNullException.ThrowIfNull(prediction);
        var (regions, f) = (proposals.Regions, prediction.Embeddings);
        var g = prediction.MomentumEmbeddings ?? throw new ArgumentException("RegionMeasuring: the prediction holds no embeddings of g.");
        LabelImage.CheckFits(regions, f, "RegionMeasuring", "the embeddings of f");
        LabelImage.CheckFits(regions, g, "RegionMeasuring", "the embeddings of g");
        LabelImage.CheckFits(regions, prediction.Foreground, "RegionMeasuring", "the foreground");
        if (!(pullMargin > 0) || !(pushMargin > 0) || kernelThreshold is not (> 0 and < 1))
            throw new ArgumentException($"RegionMeasuring: margins are above 0 and the kernel threshold in (0, 1), got {pullMargin}, {pushMargin} and {kernelThreshold}.");
        var falloff = -Math.Log(kernelThreshold) / (pullMargin * pullMargin);
        var rims = RegionGrowth.Grow(regions, RegionProposals.Rim);
        var unclear = prediction.Foreground is { } foreground ? Unclear(rims, foreground, proposals.Count) : null;
        var (graph, neighbours) = (SegmentGraph.Of(regions, proposals.Count, f, withBorders: false), SegmentGraph.Of(rims, proposals.Count, embeddings: null));
        var means = Enumerable.Range(0, proposals.Count + 1).Select(r => r == 0 ? [] : graph.Mean(r)).ToArray();
        var voxels = RegionVoxels.Of(regions, proposals.Count);
        var result = new RegionMeasures[proposals.Count];
        for (var r = 1; r <= result.Length; r++)
        {
            cancellation.ThrowIfCancellationRequested();
            var others = neighbours.FirstNeighbours(r).ToArray().Order().Select(n => means[n]).ToArray();
            result[r - 1] = new RegionMeasures(
                Disagreement(voxels[r], f, g, falloff), unclear?[r], LowMargin(voxels[r], f, means[r], others, pushMargin));
        }

        return result;
    }

    private static double Disagreement(int[] voxels, Volume<float> f, Volume<float> g, double falloff)
    {
        var box = RegionVoxels.Around(voxels, f);
        var agreements = new double[Math.Min(Anchors, voxels.Length)];
        for (var k = 0; k < agreements.Length; k++)
        {
            var anchor = voxels[(int)((2L * k + 1) * voxels.Length / (2 * agreements.Length))];
            var (both, squares) = (0.0, 0.0);
            for (var z = box.Z; z < box.Z + box.Depth; z++)
                for (var y = box.Y; y < box.Y + box.Height; y++)
                    for (var (i, last) = ((z * f.Height + y) * f.Width + box.X, (z * f.Height + y) * f.Width + box.X + box.Width); i < last; i++)
                    {
                        var (s, t) = (Math.Exp(-falloff * SquaredDistance(f, i, anchor)), Math.Exp(-falloff * SquaredDistance(g, i, anchor)));
                        both += s * t;
                        squares += s * s + t * t;
                    }

            agreements[k] = 2 * both / squares;
        }

        Array.Sort(agreements);
        return 1 - agreements[agreements.Length / 2];
    }

    private static double[] Unclear(Volume<int> rims, Volume<float> foreground, int count)
    {
        var (sums, sizes) = (new double[count + 1], new long[count + 1]);
        for (var i = 0; i < rims.Data.Length; i++)
        {
            var (region, p) = (rims.Data[i], (double)foreground.Data[i]);
            sums[region] += 4 * p * (1 - p);
            sizes[region]++;
        }

        return [.. sums.Zip(sizes, (sum, size) => sum / Math.Max(1, size))];
    }

    private static double LowMargin(int[] voxels, Volume<float> f, double[] own, double[][] others, double pushMargin)
    {
        var sum = 0.0;
        foreach (var i in voxels)
        {
            var nearest = pushMargin * pushMargin;
            foreach (var other in others)
                nearest = Math.Min(nearest, SquaredDistance(f, i, other));
            var distance = SquaredDistance(f, i, own);
            sum += distance < nearest ? Math.Sqrt(distance / nearest) : 1;
        }

        return sum / voxels.Length;
    }

    private static double SquaredDistance(Volume<float> embeddings, int a, int b)
    {
        var (e, sum) = (embeddings.Channels, 0.0);
        for (var c = 0; c < e; c++)
        {
            var difference = (double)embeddings.Data[a * e + c] - embeddings.Data[b * e + c];
            sum += difference * difference;
        }

        return sum;
    }

    private static double SquaredDistance(Volume<float> embeddings, int voxel, double[] mean)
    {
        var sum = 0.0;
        for (var c = 0; c < mean.Length; c++)
        {
            var difference = embeddings.Data[voxel * mean.Length + c] - mean[c];
            sum += difference * difference;
        }

        return sum;
    }
}
