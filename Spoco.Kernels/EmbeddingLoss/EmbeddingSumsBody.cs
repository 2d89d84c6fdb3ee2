using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>Sums over the masks of every centre, tile by tile; single precision within a tile, double precision beyond.</summary>
internal readonly unsafe struct EmbeddingSumsBody(
    EmbeddingPointers v, bool gradient, KeptMasks kept, double* objectPartials, long objectLength, double* anchorPartials, long anchorLength,
    float* pixels, float* scratch)
    : IPartBody
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(int from, int until, int part, int worker)
    {
        var channels = v.Layout.Channels;
        var memory = new TileMemory(scratch + (long)worker * TileMemory.Length(channels), channels);
        var weighted = new WeightedRows(memory.Weights);
        var width = EmbeddingLoss.ObjectWidth(channels, gradient);
        for (var index = from; index < until; index++)
        {
            var tile = new EmbeddingTile(v.Layout, index);
            var image = v.Images[tile.Image];
            var e = tile.LoadEmbeddings(v.Layout, v.Embeddings, memory.F);
            var rows = new TileRows(memory.Rows, v.Owners + tile.First, tile.Count);
            var unlabelled = v.Terms.UnlabelledPush != 0 && rows.Owners.Contains(image.UnlabelledOwner);
            for (var k = 0; k < image.Objects; k++)
            {
                tile.Expect(v.Layout, v.Embeddings, k);
                AddObject(
                    e, rows, ref weighted, image, k, unlabelled, objectPartials + part * objectLength + (long)(image.FirstObject + k) * width);
            }

            TileSums.Add(e, weighted);
            weighted.Clear();
            if (image.Anchors == 0)
                continue;
            tile.LoadEmbeddings(v.MomentumLayout, v.Momentum, memory.G);
            AddAnchors(
                tile, memory.F, memory.G, rows, image, anchorPartials + part * anchorLength + (long)image.FirstAnchor * EmbeddingLoss.AnchorScalars);
            if (pixels is null)
                continue;
            for (var p = 0; p < tile.Count; p++)
            {
                pixels[2 * (tile.First + p)] = rows.LineOverlaps[p];
                pixels[2 * (tile.First + p) + 1] = rows.LineSquares[p];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddObject(
        in TileEmbeddings e, in TileRows rows, ref WeightedRows weighted, in ImageCentres image, int k, bool unlabelled, double* sums)
    {
        var channels = v.Layout.Channels;
        var terms = v.Terms;
        var owner = image.FirstOwner + k;
        var present = rows.Owners.Contains(owner);
        var hinges = present || unlabelled;
        if (!hinges && terms.Instance == MaskLoss.None)
            return;
        v.ObjectMasks(e.Rows, image, k, rows);
        v.Hinges(rows, image, k, present, unlabelled, weighted.Next, out var pull, out var push);
        sums[0] += pull;
        sums[1] += push;
        if (terms.Instance == MaskLoss.CrossEntropy)
            sums[2] += v.AddObjectCrossEntropy(rows, image, k, weighted.Next);
        var centre = v.Means + (long)(image.FirstObject + k) * channels;
        var ofObject = sums + EmbeddingLoss.ObjectScalars;
        if (gradient && (pull != 0 || push != 0 || terms.Instance == MaskLoss.CrossEntropy))
            Keep(e, ref weighted, centre, ofObject);
        if (terms.Instance != MaskLoss.Dice)
            return;
        var (overlap, square) = TileTerms.ObjectDice(rows.Masks, rows.Owners.Labels, owner, rows.Targets, weighted.Next);
        sums[2] += overlap;
        sums[3] += square;
        if (!gradient)
            return;
        if (square != 0)
            Keep(e, ref weighted, centre, ofObject + 2 * channels);
        if (!present)
            return;
        Buffer.MemoryCopy(rows.Targets, weighted.Next, PixelTile.Pixels * sizeof(float), PixelTile.Pixels * sizeof(float));
        Keep(e, ref weighted, centre, ofObject + channels);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Keep(in TileEmbeddings e, ref WeightedRows weighted, float* centre, double* sums)
    {
        weighted.Keep(centre, sums);
        if (!weighted.IsFull)
            return;
        TileSums.Add(e, weighted);
        weighted.Clear();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddAnchors(in EmbeddingTile tile, float* e, float* g, in TileRows rows, in ImageCentres image, double* sums)
    {
        var uncovered = TileTerms.Uncover(rows.Owners.Labels, image.UnlabelledOwner, rows.Uncovered);
        if (pixels is not null)
            new Span<float>(rows.LineOverlaps, 2 * PixelTile.Stride).Clear();
        var keep = kept.Anchors(tile);
        for (var a = 0; a < image.Anchors; a++, sums += EmbeddingLoss.AnchorScalars)
        {
            tile.Expect(v.MomentumLayout, v.Momentum, a);
            v.AnchorMasks(e, image.FirstAnchor + a, rows);
            v.AnchorTargets(g, image.FirstAnchor + a, rows);
            if (a < keep)
                kept.Keep(tile, a, v.Terms.Consistency == MaskLoss.CrossEntropy ? rows.TargetSquares : rows.Targets);
            var (overlap, square) = v.Terms.Consistency == MaskLoss.CrossEntropy
                ? (TileTerms.AnchorCrossEntropy(rows.Squares, rows.Masks, rows.TargetSquares, rows.Targets, v.Terms.Falloff), 0f)
                : TileTerms.AnchorDice(rows.Masks, rows.Targets);
            sums[0] += overlap;
            sums[1] += square;
            if (uncovered > 0)
            {
                var covered = TileTerms.Cover(rows.Squares, rows.TargetSquares, v.Terms.PullMargin, rows.Uncovered);
                uncovered -= covered;
                sums[2] += covered;
            }

            if (pixels is not null)
                TileTerms.AddPixels(rows.Masks, rows.Targets, rows.LineOverlaps, rows.LineSquares);
        }
    }
}
