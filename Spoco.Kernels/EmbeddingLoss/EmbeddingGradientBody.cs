using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>Gradient of every pixel, tile by tile, and what the pixels do to the anchors.</summary>
internal readonly unsafe struct EmbeddingGradientBody(
    EmbeddingPointers v, KeptMasks kept, float* lineFactors, float* shift, float* gradient, double* anchorPartials, long anchorLength, float* scratch)
    : IPartBody
{
    /// <summary>Numbers of memory of a worker.</summary>
    public static int ScratchLength(int channels) => TileMemory.Length(channels) + TileGradient.Length(channels);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(int from, int until, int part, int worker)
    {
        var channels = v.Layout.Channels;
        var memory = new TileMemory(scratch + (long)worker * ScratchLength(channels), channels);
        var weighted = new WeightedRows(memory.Weights);
        var past = EmbeddingTile.IsStreamed(v.Layout, gradient);
        for (var index = from; index < until; index++)
        {
            var tile = new EmbeddingTile(v.Layout, index);
            var image = v.Images[tile.Image];
            var e = tile.LoadEmbeddings(v.Layout, v.Embeddings, memory.F);
            var rows = new TileRows(memory.Rows, v.Owners + tile.First, tile.Count);
            var sum = new TileGradient(e, memory.Rest, rows.Owners.Labels, shift + (long)image.FirstCluster * channels);
            var unlabelled = v.Terms.UnlabelledPush != 0 && rows.Owners.Contains(image.UnlabelledOwner);
            for (var k = 0; k < image.Objects; k++)
            {
                tile.Expect(v.Layout, v.Embeddings, k);
                if (ObjectWeights(memory.F, rows, image, k, unlabelled, weighted.Next))
                    Keep(e, ref weighted, ref sum, v.Means + (long)(image.FirstObject + k) * channels, null);
            }

            LoadLineFactors(tile, rows);
            var keep = Math.Min(kept.Anchors(tile), image.Anchors);
            if (keep < image.Anchors)
                tile.LoadEmbeddings(v.MomentumLayout, v.Momentum, memory.G);
            for (var a = 0; a < image.Anchors; a++)
            {
                if (keep < image.Anchors)
                    tile.Expect(v.MomentumLayout, v.Momentum, a);
                if (keep > 0)
                    kept.Expect(tile, a);
                var anchor = image.FirstAnchor + a;
                var targets = v.Terms.Consistency == MaskLoss.CrossEntropy ? rows.TargetSquares : rows.Targets;
                if (a < keep)
                    targets = kept.Row(tile, a);
                else
                    v.AnchorTargets(memory.G, anchor, rows);
                if (AnchorWeights(memory.F, targets, anchor, rows, weighted.Next))
                {
                    var row = (long)anchor * channels;
                    Keep(e, ref weighted, ref sum, v.Anchors + row, anchorPartials + part * anchorLength + row);
                }
            }

            TileSums.Add(e, weighted);
            sum.Finish(weighted, gradient + tile.First * v.Layout.PixelStride + v.Layout.ChannelOffset, v.Layout.PixelStride, past);
            weighted.Clear();
        }
    }

    /// <summary>The next row is complete. What full rows do to the pixels, and what these do to the anchors, is added up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Keep(in TileEmbeddings e, ref WeightedRows weighted, ref TileGradient sum, float* centre, double* sums)
    {
        weighted.Keep(centre, sums);
        if (!weighted.IsFull)
            return;
        TileSums.Add(e, weighted);
        sum.Add(weighted);
        weighted.Clear();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void LoadLineFactors(in EmbeddingTile tile, in TileRows rows)
    {
        if (v.Terms.LineLength == 0)
            return;
        for (var p = 0; p < tile.Count; p++)
        {
            var line = (tile.First + p) / v.Terms.LineLength;
            rows.LineOverlaps[p] = lineFactors[2 * line];
            rows.LineSquares[p] = lineFactors[2 * line + 1];
        }

        new Span<float>(rows.LineOverlaps + tile.Count, PixelTile.Pixels - tile.Count).Clear();
        new Span<float>(rows.LineSquares + tile.Count, PixelTile.Pixels - tile.Count).Clear();
    }

    /// <summary>The weights of one object; whether any is not 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool ObjectWeights(float* e, in TileRows rows, in ImageCentres image, int k, bool unlabelled, float* weights)
    {
        var terms = v.Terms;
        var present = rows.Owners.Contains(image.FirstOwner + k);
        if (!present && !unlabelled && terms.Instance == MaskLoss.None)
            return false;
        v.ObjectMasks(e, image, k, rows);
        v.Hinges(rows, image, k, present, unlabelled, weights, out _, out _);
        if (terms.Instance == MaskLoss.Dice)
            TileTerms.AddObjectDice(rows.Masks, rows.Owners.Labels, image.FirstOwner + k, v.ObjectFactors[image.FirstObject + k], weights);
        else if (terms.Instance == MaskLoss.CrossEntropy)
            v.AddObjectCrossEntropy(rows, image, k, weights);
        return AnyWeight(weights);
    }

    /// <summary>The weights of one anchor, from the masks of g or, for a cross-entropy, their squared distances; whether any is not 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool AnchorWeights(float* e, float* targets, int anchor, in TileRows rows, float* weights)
    {
        var factors = v.AnchorFactors[anchor];
        v.AnchorMasks(e, anchor, rows);
        if (v.Terms.Consistency == MaskLoss.Dice && v.Terms.LineLength == 0)
            return TileTerms.AnchorDiceWeights(rows.Masks, targets, factors.Overlap, factors.Square, weights);
        if (v.Terms.Consistency == MaskLoss.CrossEntropy)
            TileTerms.AnchorCrossEntropyWeights(rows.Squares, rows.Masks, targets, v.Terms.Falloff, factors.CrossEntropy, weights);
        else
            TileTerms.AnchorDiceWeights(rows.Masks, targets, rows.LineOverlaps, rows.LineSquares, weights);
        return AnyWeight(weights);
    }

    private static bool AnyWeight(float* weights) => new ReadOnlySpan<float>(weights, PixelTile.Pixels).ContainsAnyExcept(0f);
}
