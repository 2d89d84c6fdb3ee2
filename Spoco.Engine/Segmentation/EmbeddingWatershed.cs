using Spoco.Engine.Clustering;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// A seeded watershed on the distance of embeddings: segments grow over voxels that are in none. Of all pairs of a free voxel and a segment beside it, the one with the smallest distance of the
/// voxel's embedding to the mean embedding of the segment comes first (Meyer's flooding, 1994, with a height per segment; seeded region growing, Adams and Bischof, 1994). Means are those of the
/// segments before they grow: what is far from all would pull them away.
/// <para>
/// The paper floods the image for HDBSCAN on Ovules, where borders are bright; noise of HDBSCAN lies where embeddings go from one object to the next, whatever the image shows there, and the
/// nearer mean says on which side.
/// </para>
/// Of equally distant pairs the first voxel comes first, and of its segments the smallest label: the result is determined.
/// </summary>
public static class EmbeddingWatershed
{
    private const int StepsBetweenCancellationChecks = 1 << 12;

    /// <summary>Lets segments grow over voxels with label 0 that share a face with them, until none is left that one reaches.</summary>
    /// <param name="labels">Segments; 0 = free.</param>
    /// <param name="embeddings">[D, H, W, E].</param>
    /// <param name="mask">Voxels that are 0 here get label 0, segments included. Null: all are filled.</param>
    /// <param name="cancellation">Stops now and then.</param>
    /// <returns>The labels, those of the segments as they were.</returns>
    /// <exception cref="ArgumentException">Sizes differ, or an embedding within the mask is not finite.</exception>
    public static Volume<int> Fill(Volume<int> labels, Volume<float> embeddings, Volume<byte>? mask = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(embeddings);
        LabelImage.CheckSingleChannel(labels, "EmbeddingWatershed");
        LabelImage.CheckFits(labels, embeddings, "EmbeddingWatershed", "the embedding image");
        LabelImage.CheckFits(labels, mask, "EmbeddingWatershed", "the mask");
        MaskedPoints.RequireFinite(embeddings, mask, "EmbeddingWatershed");
        var seeds = mask is null ? labels : LabelImage.Like(labels, [.. labels.Data.Zip(mask.Data, (label, m) => m == 0 ? 0 : label)]);
        var (compact, _, names) = Relabel.Compact(seeds);
        new Growth(compact, embeddings, mask).Run(cancellation);
        return LabelImage.Map(compact, s => names[s]);
    }

    private sealed class Growth
    {
        private readonly int[] _labels;
        private readonly float[] _embeddings;
        private readonly double[][] _means;
        private readonly Neighbourhood _neighbourhood;

        // Of every voxel its number among those to be filled, -1 of others; and back.
        private readonly int[] _numbers;
        private readonly int[] _free;
        private readonly OfferQueue _offers;

        public Growth(Volume<int> labels, Volume<float> embeddings, Volume<byte>? mask)
        {
            (_labels, _embeddings) = (labels.Data, embeddings.Data);
            var graph = SegmentGraph.Of(labels, _labels.Max(), embeddings, withBorders: false);
            _means = [.. Enumerable.Range(0, graph.Count + 1).Select(s => s == 0 ? [] : graph.Mean(s))];
            _neighbourhood = new Neighbourhood(labels.Depth, labels.Height, labels.Width, Connectivity.Faces);
            _free = [.. Enumerable.Range(0, _labels.Length).Where(i => _labels[i] == 0 && mask?.Data[i] != 0)];
            _numbers = new int[_labels.Length];
            _numbers.AsSpan().Fill(-1);
            for (var number = 0; number < _free.Length; number++)
                _numbers[_free[number]] = number;
            _offers = new OfferQueue(_free.Length, null);
        }

        public void Run(CancellationToken cancellation)
        {
            Span<int> neighbours = stackalloc int[_neighbourhood.Count];
            for (var i = 0; i < _labels.Length; i++)
                if (_labels[i] != 0)
                    OfferNeighbours(i, neighbours);
            for (var step = 0; _offers.TryTake(out var number, out var segment, out _); step++)
            {
                if (step % StepsBetweenCancellationChecks == 0)
                    cancellation.ThrowIfCancellationRequested();
                _labels[_free[number]] = segment;
                OfferNeighbours(_free[number], neighbours);
            }
        }

        private void OfferNeighbours(int voxel, Span<int> neighbours)
        {
            foreach (var i in neighbours[.._neighbourhood.Of(voxel, neighbours)])
                if (_numbers[i] >= 0 && _labels[i] == 0)
                    _offers.Offer(_numbers[i], _labels[voxel], SquaredDistance(i, _means[_labels[voxel]]));
        }

        private double SquaredDistance(int voxel, double[] mean)
        {
            var (squared, at) = (0.0, voxel * mean.Length);
            for (var c = 0; c < mean.Length; c++)
            {
                var difference = _embeddings[at + c] - mean[c];
                squared += difference * difference;
            }

            return squared;
        }
    }
}
