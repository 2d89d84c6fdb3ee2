using ILGPU;
using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Sums over the pixels of a chunk, by a group whose threads have left the weights of their pixels in shared memory. Every thread adds some of the pixels of one row, and for vectors of four of its
/// components; then the threads add what the others have left, in a fixed order. Called by all threads; ends with a barrier.
/// </summary>
internal static class WeightedSums
{
    /// <summary>Rows at once. A row is a centre.</summary>
    public const int Rows = 8;

    /// <summary>Distance between the weights of two rows: the weights that eight rows have of a pixel lie in different banks.</summary>
    public const int Pitch = GroupSum.MaximalSize + 1;

    /// <summary>Vectors of a row.</summary>
    public const int Kinds = 3;

    /// <summary>
    /// Sums of a row [of w where it is above 0, of -w where it is below, of y, of z] of the four weights (x, y, z, w) of a pixel.
    /// </summary>
    /// <param name="weights">Four per row and pixel.</param>
    /// <param name="sums">Four per thread.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="count">Number of pixels.</param>
    /// <param name="firstSum">Which sum is stored first; the others follow, the first one behind the last one.</param>
    /// <param name="stored">Number of sums that are stored.</param>
    /// <param name="target">Where they go.</param>
    public static void AddScalars(ArrayView<Four> weights, ArrayView<Four> sums, int rows, int count, int firstSum, int stored, RowTarget target)
    {
        var lanes = XMath.Max(XMath.Min(rows, Group.DimX), 1);
        var parts = Group.DimX / lanes;
        var part = Group.IdxX / lanes;
        var values = sums.Cast<float>();
        for (var turn = 0; turn < rows; turn += lanes)
        {
            var row = turn + Group.IdxX % lanes;
            var until = part < parts && row < rows ? count : 0;
            var sum = default(Four);
            for (var p = part; p < until; p += parts)
            {
                var w = weights[row * Pitch + p];
                sum.X += XMath.Max(w.W, 0f);
                sum.Y += XMath.Max(-w.W, 0f);
                sum.Z += w.Y;
                sum.W += w.Z;
            }

            sums[Group.IdxX] = sum;
            Group.Barrier();
            for (var o = Group.IdxX; o < XMath.Min(lanes, rows - turn) * stored; o += Group.DimX)
            {
                var lane = o / stored;
                var total = 0f;
                for (var k = 0; k < parts; k++)
                    total += values[4 * (k * lanes + lane) + (o % stored + firstSum) % 4];
                target.Add(turn + lane, o % stored, total);
            }

            Group.Barrier();
        }
    }

    /// <summary>Vectors of a row: the sums of x (e - a), y (e - a) and z (e - a).</summary>
    /// <param name="weights">Four per row and pixel.</param>
    /// <param name="sums">Four per kind and thread.</param>
    /// <param name="rows">Number of rows; 0: no vectors are wanted.</param>
    /// <param name="pixels">The pixels.</param>
    /// <param name="centres">a of all rows.</param>
    /// <param name="firstCentre">First component of the first row.</param>
    /// <param name="target">Where they go, behind the scalars.</param>
    public static void AddVectors<TBlocks>(
        ArrayView<Four> weights, ArrayView<Four> sums, int rows, PixelChunk pixels, ArrayView<float> centres, long firstCentre, RowTarget target)
        where TBlocks : unmanaged, IEmbeddingBlocks
    {
        var blocks = default(TBlocks);
        var channels = pixels.Layout.Channels;
        var isAligned = pixels.Layout.IsAligned;
        var fours = (channels + 3) / 4;
        var lanes = XMath.Max(XMath.Min(rows * fours, Group.DimX), 1);
        var parts = Group.DimX / lanes;
        var part = Group.IdxX / lanes;
        var values = sums.Cast<float>();
        for (var turn = 0; turn < rows * fours; turn += lanes)
        {
            var task = turn + Group.IdxX % lanes;
            var x = default(Four);
            var y = default(Four);
            var z = default(Four);
            if (part < parts && task < rows * fours)
            {
                var row = task / fours;
                var c = task % fours * 4;
                var centre = blocks.FourOfCentre(centres, firstCentre + (long)row * channels + c, channels - c);
                for (var p = part; p < pixels.Count; p += parts)
                {
                    var w = weights[row * Pitch + p];
                    var difference = blocks.FourOfPixel(pixels.Embeddings, pixels.At(p) + c, channels - c, isAligned).Minus(centre);
                    x = x.Plus(w.X, difference);
                    y = y.Plus(w.Y, difference);
                    z = z.Plus(w.Z, difference);
                }
            }

            sums[Group.IdxX] = x;
            sums[GroupSum.MaximalSize + Group.IdxX] = y;
            sums[2 * GroupSum.MaximalSize + Group.IdxX] = z;
            Group.Barrier();
            AddTurn(values, Kinds, turn, lanes, parts, rows, channels, EmbeddingLoss.ObjectScalars, target);
            Group.Barrier();
        }
    }

    /// <summary>The vector of a row: the sum of w (e - a), for the gradient.</summary>
    /// <param name="weights">One per row and pixel.</param>
    /// <param name="sums">Four per thread.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="pixels">The pixels.</param>
    /// <param name="centres">a of all rows.</param>
    /// <param name="firstCentre">First component of the first row.</param>
    /// <param name="target">Where they go.</param>
    public static void AddVector<TBlocks>(
        ArrayView<float> weights, ArrayView<Four> sums, int rows, PixelChunk pixels, ArrayView<float> centres, long firstCentre, RowTarget target)
        where TBlocks : unmanaged, IEmbeddingBlocks
    {
        var blocks = default(TBlocks);
        var channels = pixels.Layout.Channels;
        var isAligned = pixels.Layout.IsAligned;
        var fours = (channels + 3) / 4;
        var lanes = XMath.Max(XMath.Min(rows * fours, Group.DimX), 1);
        var parts = Group.DimX / lanes;
        var part = Group.IdxX / lanes;
        var values = sums.Cast<float>();
        for (var turn = 0; turn < rows * fours; turn += lanes)
        {
            var task = turn + Group.IdxX % lanes;
            var sum = default(Four);
            if (part < parts && task < rows * fours)
            {
                var row = task / fours;
                var c = task % fours * 4;
                var centre = blocks.FourOfCentre(centres, firstCentre + (long)row * channels + c, channels - c);
                for (var p = part; p < pixels.Count; p += parts)
                    sum = sum.Plus(weights[row * Pitch + p], blocks.FourOfPixel(pixels.Embeddings, pixels.At(p) + c, channels - c, isAligned).Minus(centre));
            }

            sums[Group.IdxX] = sum;
            Group.Barrier();
            AddTurn(values, 1, turn, lanes, parts, rows, channels, 0, target);
            Group.Barrier();
        }
    }

    /// <summary>What the threads have left of some vectors, in the order of their parts.</summary>
    /// <param name="values">Four per kind and thread.</param>
    /// <param name="kinds">Vectors of a row.</param>
    /// <param name="turn">First four components of the turn.</param>
    /// <param name="lanes">Fours of a turn.</param>
    /// <param name="parts">Parts of the pixels.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="channels">Components.</param>
    /// <param name="first">Place of the vectors in a row.</param>
    /// <param name="target">Where they go.</param>
    private static void AddTurn(ArrayView<float> values, int kinds, int turn, int lanes, int parts, int rows, int channels, int first, RowTarget target)
    {
        var fours = (channels + 3) / 4;
        for (var o = Group.IdxX; o < 4 * lanes * kinds; o += Group.DimX)
        {
            var kind = o / (4 * lanes);
            var i = o % (4 * lanes);
            var total = 0f;
            for (var k = 0; k < parts; k++)
                total += values[4 * (kind * GroupSum.MaximalSize + k * lanes) + i];
            var c = (turn + i / 4) % fours * 4 + i % 4;
            if (turn + i / 4 < rows * fours && c < channels)
                target.Add((turn + i / 4) / fours, first + kind * channels + c, total);
        }
    }
}
