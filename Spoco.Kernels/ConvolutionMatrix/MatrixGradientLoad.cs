using System.Runtime.CompilerServices;
using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Loads a box of a <see cref="MatrixWeightGradient"/> into shared memory, as <see cref="MatrixGradientPlanes"/>.</summary>
internal struct MatrixGradientLoad
{
    /// <summary>First voxel of the box.</summary>
    public BlockPlace Place;

    /// <summary>First voxel that it reaches.</summary>
    public BlockPlace Reached;

    /// <summary>Image.</summary>
    public int Image;

    /// <summary>First input channel.</summary>
    public int FirstChannel;

    /// <summary>First output channel.</summary>
    public int FirstColumn;

    /// <summary>
    /// Four channels at once. Nothing but reads hides the latency of others: those of what is reached and of the first gradients are on their way together, and more follow before an earlier
    /// one is waited for. A thread has four channels of every so many voxels that are reached, and twice four of the gradients.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Fours<TLayout, TOperand>(TileSource source, TileSource gradient, int reached, ArrayView<int> places, ArrayView<FourLines> lines, ArrayView<Words> shared)
        where TLayout : unmanaged, IMatrixGradientLayout where TOperand : unmanaged, IGradientOperand
    {
        var threads = MatrixWeightGradient.Threads<TLayout>();
        var (channel, i, step) = (4 * (Group.IdxX % MatrixTiles.SlabVectors), Group.IdxX / MatrixTiles.SlabVectors, threads / MatrixTiles.SlabVectors);
        var half = MatrixWeightGradient.Columns<TLayout>() / 2;
        var (column, j, next) = (4 * (Group.IdxX % (half / 4)), Group.IdxX / (half / 4), threads / (half / 4));

        // What is stored lies at constant distances from these.
        var inputs = shared.SubView(InputVector(channel, i));
        var gradients = shared.SubView(MatrixGradientPlanes.FirstGradient / 4 + GradientVector(column, j));
        if (3 * step < MatrixGradientPlanes.MostReached)
        {
            var d = FetchInput<TOperand>(source, places, i + 3 * step, channel);
            var e = FetchInput<TOperand>(source, places, i + 4 * step, channel);
            PutInput<TOperand>(source, i + 3 * step < reached, channel, lines, d, inputs, InputVector(0, 3 * step));
            PutInput<TOperand>(source, i + 4 * step < reached, channel, lines, e, inputs, InputVector(0, 4 * step));
        }

        var a = FetchInput<TOperand>(source, places, i, channel);
        var b = FetchInput<TOperand>(source, places, i + step, channel);
        var c = FetchInput<TOperand>(source, places, i + 2 * step, channel);
        var voxel = GradientVoxel(gradient, places, j);
        var p = FetchGradient<TOperand>(gradient, voxel, column);
        var q = FetchGradient<TOperand>(gradient, voxel, column + half);
        voxel = GradientVoxel(gradient, places, j + next);
        var r = FetchGradient<TOperand>(gradient, voxel, column);
        var s = FetchGradient<TOperand>(gradient, voxel, column + half);
        PutInput<TOperand>(source, i < reached, channel, lines, a, inputs, 0);
        PutInput<TOperand>(source, i + step < reached, channel, lines, b, inputs, InputVector(0, step));
        PutInput<TOperand>(source, i + 2 * step < reached, channel, lines, c, inputs, InputVector(0, 2 * step));
        PutGradient<TOperand>(gradient, j < MatrixGradientPlanes.Voxels, p, gradients, 0);
        PutGradient<TOperand>(gradient, j < MatrixGradientPlanes.Voxels, q, gradients, GradientVector(half, 0));
        FetchedFour t = default, u = default;
        if (2 * next < MatrixGradientPlanes.Voxels)
        {
            voxel = GradientVoxel(gradient, places, j + 2 * next);
            t = FetchGradient<TOperand>(gradient, voxel, column);
            u = FetchGradient<TOperand>(gradient, voxel, column + half);
        }

        PutGradient<TOperand>(gradient, j + next < MatrixGradientPlanes.Voxels, r, gradients, GradientVector(0, next));
        PutGradient<TOperand>(gradient, j + next < MatrixGradientPlanes.Voxels, s, gradients, GradientVector(half, next));
        if (2 * next < MatrixGradientPlanes.Voxels)
        {
            PutGradient<TOperand>(gradient, j + 2 * next < MatrixGradientPlanes.Voxels, t, gradients, GradientVector(0, 2 * next));
            PutGradient<TOperand>(gradient, j + 2 * next < MatrixGradientPlanes.Voxels, u, gradients, GradientVector(half, 2 * next));
        }
    }

    /// <summary>One channel after the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void OneByOne<TLayout, TOperand>(TileSource source, TileSource gradient, int reached, ArrayView<int> places, ArrayView<FourLines> lines, ArrayView<Words> shared)
        where TLayout : unmanaged, IMatrixGradientLayout where TOperand : unmanaged, IGradientOperand
    {
        var threads = MatrixWeightGradient.Threads<TLayout>();
        var vectors = MatrixWeightGradient.Columns<TLayout>() / 4;
        var (channel, column) = (4 * (Group.IdxX % MatrixTiles.SlabVectors), 4 * (Group.IdxX % vectors));
        for (var i = Group.IdxX / MatrixTiles.SlabVectors; i < reached; i += threads / MatrixTiles.SlabVectors)
        {
            var (voxel, small) = InputVoxel(source, places, i);
            shared[InputVector(channel, i)] = Words.Of(default(TOperand), source.FourAt<InputSource>(voxel, small, FirstChannel + channel, lines[channel / 4]));
        }

        for (var i = Group.IdxX / vectors; i < MatrixGradientPlanes.Voxels; i += threads / vectors)
        {
            var values = gradient.FourAt<GradientSource>(GradientVoxel(gradient, places, i), -1, FirstColumn + column, FourLines.Identity);
            shared[MatrixGradientPlanes.FirstGradient / 4 + GradientVector(column, i)] = Words.Of(default(TOperand), values);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly FetchedFour FetchInput<TOperand>(TileSource source, ArrayView<int> places, int i, int channel) where TOperand : unmanaged, IGradientOperand
    {
        var (voxel, small) = InputVoxel(source, places, i);
        return source.Fetch<InputSource, TOperand>(voxel, small, FirstChannel + channel);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly FetchedFour FetchGradient<TOperand>(TileSource gradient, int voxel, int column) where TOperand : unmanaged, IGradientOperand =>
        gradient.Fetch<GradientSource, TOperand>(voxel, -1, FirstColumn + column);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void PutInput<TOperand>(TileSource source, bool isReached, int channel, ArrayView<FourLines> lines, FetchedFour fetched, ArrayView<Words> target, int at)
        where TOperand : unmanaged, IGradientOperand
    {
        if (isReached)
            target[at] = Words.Of(default(TOperand), source.Computed<InputSource, TOperand>(fetched, FirstChannel + channel, lines[channel / 4]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PutGradient<TOperand>(TileSource gradient, bool isInBox, FetchedFour fetched, ArrayView<Words> target, int at) where TOperand : unmanaged, IGradientOperand
    {
        if (isInBox)
            target[at] = Words.Of(default(TOperand), gradient.Computed<GradientSource, TOperand>(fetched, 0, default));
    }

    /// <summary>Voxels of the two tensors that are the i-th that a box reaches; -1 outside the image, and beyond the last.</summary>
    private readonly (int Voxel, int Small) InputVoxel(TileSource source, ArrayView<int> places, int i)
    {
        var place = places[i];
        var (d, h, w) = (Reached.D + MatrixGradientPlaces.D(place), Reached.H + MatrixGradientPlaces.H(place), Reached.W + MatrixGradientPlaces.W(place));
        var inside = place >= 0 & source.IsInside(d, h, w);
        return (inside ? source.Voxel(Image, d, h, w) : -1, inside & source.SmallShape.C > 0 ? source.SmallVoxel(Image, d, h, w) : -1);
    }

    /// <summary>The i-th voxel of a box; -1 outside the image, and beyond the last.</summary>
    private readonly int GradientVoxel(TileSource gradient, ArrayView<int> places, int i)
    {
        var place = places[MatrixGradientPlaces.FirstOfBox + i];
        var (d, h, w) = (Place.D + MatrixGradientPlaces.D(place), Place.H + MatrixGradientPlaces.H(place), Place.W + MatrixGradientPlaces.W(place));
        return place >= 0 & gradient.IsInside(d, h, w) ? gradient.Voxel(Image, d, h, w) : -1;
    }

    /// <summary>Vector of four channels of what is reached.</summary>
    private static int InputVector(int channel, int i) => channel / 8 * (MatrixGradientPlanes.InputWords / 4) + channel % 8 / 4 + i * (MatrixGradientPlanes.Channels / 4);

    /// <summary>Vector of four channels of the gradients.</summary>
    private static int GradientVector(int column, int i) =>
        column / 8 * (MatrixGradientPlanes.GradientWords / 4) + column % 8 / 4 + i * (MatrixGradientPlanes.Channels / 4);
}
