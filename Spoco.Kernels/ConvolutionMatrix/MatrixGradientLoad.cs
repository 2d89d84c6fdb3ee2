using System.Runtime.CompilerServices;
using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Loads a box of a <see cref="MatrixWeightGradient"/> into shared memory, as <see cref="MatrixGradientPlanes"/>.</summary>
internal struct MatrixGradientLoad
{
    /// <summary>Input channels of a box.</summary>
    private const int Channels = MatrixTiles.SlabWords;

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
    /// Loads a box. Nothing but reads hides the latency of others: those of what is reached and of the first gradients are on their way together, and others follow before gradients are waited for. A
    /// thread has two times four channels of a voxel.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Vectors<TLayout, TOperand>(
        TileSource source, TileSource gradient, int reached, ArrayView<int> places, ArrayView<FourLines> lines, ArrayView<Words> shared)
        where TLayout : unmanaged, IMatrixGradientLayout where TOperand : unmanaged, IGradientOperand
    {
        var (threads, columns) = (MatrixWeightGradient.Threads<TLayout>(), MatrixWeightGradient.Columns<TLayout>());
        var (channel, i, step) = (First<TOperand>(Group.IdxX, Channels), Group.IdxX / (Channels / 8), threads / (Channels / 8));
        var (column, j, next) = (First<TOperand>(Group.IdxX, columns), Spread<TOperand>(Group.IdxX / (columns / 8), columns), threads / (columns / 8));

        // What is stored lies at constant distances from these.
        var inputs = shared.SubView(MatrixGradientPlanes.InputVector<TOperand>(channel, i));
        var gradients = shared.SubView(MatrixGradientPlanes.FirstGradient<TOperand>() / 4 + MatrixGradientPlanes.GradientVector<TOperand>(column, j));
        var a = FetchInputs<TOperand>(source, places, i, channel);
        var b = FetchInputs<TOperand>(source, places, i + step, channel);
        var d = FetchGradients<TOperand>(gradient, places, j, column, columns);
        PutInputs<TOperand>(source, i < reached, channel, lines, a, inputs, 0);
        PutInputs<TOperand>(source, i + step < reached, channel, lines, b, inputs, step);
        FetchedEight c = default;
        if (2 * step < MatrixGradientPlanes.MostReached)
            c = FetchInputs<TOperand>(source, places, i + 2 * step, channel);
        var e = FetchGradients<TOperand>(gradient, places, j + next, column, columns);
        PutGradients<TOperand>(gradient, j < MatrixGradientPlanes.Voxels, columns, d, gradients, 0);
        if (2 * step < MatrixGradientPlanes.MostReached)
            PutInputs<TOperand>(source, i + 2 * step < reached, channel, lines, c, inputs, 2 * step);
        FetchedEight f = default;
        if (2 * next < MatrixGradientPlanes.Voxels)
            f = FetchGradients<TOperand>(gradient, places, j + 2 * next, column, columns);
        PutGradients<TOperand>(gradient, j + next < MatrixGradientPlanes.Voxels, columns, e, gradients, next);
        if (2 * next < MatrixGradientPlanes.Voxels)
            PutGradients<TOperand>(gradient, j + 2 * next < MatrixGradientPlanes.Voxels, columns, f, gradients, 2 * next);
    }

    /// <summary>The same where four input channels cannot be read at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void OneByOne<TLayout, TOperand>(
        TileSource source, TileSource gradient, int reached, ArrayView<int> places, ArrayView<FourLines> lines, ArrayView<Words> shared)
        where TLayout : unmanaged, IMatrixGradientLayout where TOperand : unmanaged, IGradientOperand
    {
        var (threads, columns) = (MatrixWeightGradient.Threads<TLayout>(), MatrixWeightGradient.Columns<TLayout>());
        var channel = First<TOperand>(Group.IdxX, Channels);
        var other = channel + Second<TOperand>(Channels);
        for (var i = Group.IdxX / (Channels / 8); i < reached; i += threads / (Channels / 8))
        {
            var (voxel, small) = InputVoxel(source, places, i);
            Put<TOperand>(
                source.FourAt<InputSource>(voxel, small, FirstChannel + channel, lines[channel / 4]),
                source.FourAt<InputSource>(voxel, small, FirstChannel + other, lines[other / 4]),
                shared, MatrixGradientPlanes.InputVector<TOperand>(channel, i), MatrixGradientPlanes.InputVector<TOperand>(other, i));
        }

        var column = First<TOperand>(Group.IdxX, columns);
        var gradients = shared.SubView(MatrixGradientPlanes.FirstGradient<TOperand>() / 4 + MatrixGradientPlanes.GradientVector<TOperand>(column, 0));
        for (var i = Spread<TOperand>(Group.IdxX / (columns / 8), columns); i < MatrixGradientPlanes.Voxels; i += threads / (columns / 8))
            PutGradients<TOperand>(gradient, true, columns, FetchGradients<TOperand>(gradient, places, i, column, columns), gradients, i);
    }

    /// <summary>First of a thread's channels: neighbouring threads have neighbouring fours, or eights where words have two channels.</summary>
    internal static int First<TOperand>(int thread, int channels) where TOperand : unmanaged, IGradientOperand => 4 * default(TOperand).ChannelsPerWord * (thread % (channels / 8));

    /// <summary>From a thread's first four channels to its second: the other half of all of them, or the other half of a vector.</summary>
    private static int Second<TOperand>(int channels) where TOperand : unmanaged, IGradientOperand => default(TOperand).ChannelsPerWord == 2 ? 4 : channels / 2;

    /// <summary>
    /// Voxels of gradients in another order, where eight threads that store at once have several voxels of few planes: as planes begin a voxel of banks apart, these voxels are as far apart as there are
    /// planes, and each lies in the banks behind the planes of the one before.
    /// </summary>
    internal static int Spread<TOperand>(int voxel, int columns) where TOperand : unmanaged, IGradientOperand
    {
        var (all, together) = (4 * default(TOperand).ChannelsPerWord, 64 / columns);
        return voxel / all * all + voxel % together * (all / together) + voxel % all / together;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly FetchedEight FetchInputs<TOperand>(TileSource source, ArrayView<int> places, int i, int channel) where TOperand : unmanaged, IGradientOperand
    {
        var (voxel, small) = InputVoxel(source, places, i);
        FetchedEight fetched;
        fetched.First = source.Fetch<InputSource, TOperand>(voxel, small, FirstChannel + channel);
        fetched.Second = source.Fetch<InputSource, TOperand>(voxel, small, FirstChannel + channel + Second<TOperand>(Channels));
        return fetched;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly FetchedEight FetchGradients<TOperand>(TileSource gradient, ArrayView<int> places, int i, int column, int columns) where TOperand : unmanaged, IGradientOperand
    {
        var voxel = GradientVoxel(gradient, places, i);
        FetchedEight fetched;
        fetched.First = gradient.Fetch<GradientSource, TOperand>(voxel, -1, FirstColumn + column);
        fetched.Second = gradient.Fetch<GradientSource, TOperand>(voxel, -1, FirstColumn + column + Second<TOperand>(columns));
        return fetched;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void PutInputs<TOperand>(
        TileSource source, bool isReached, int channel, ArrayView<FourLines> lines, FetchedEight fetched, ArrayView<Words> target, int voxels)
        where TOperand : unmanaged, IGradientOperand
    {
        if (!isReached)
            return;
        var second = Second<TOperand>(Channels);
        Put<TOperand>(
            source.Computed<InputSource, TOperand>(fetched.First, FirstChannel + channel, lines[channel / 4]),
            source.Computed<InputSource, TOperand>(fetched.Second, FirstChannel + channel + second, lines[(channel + second) / 4]),
            target, MatrixGradientPlanes.InputVector<TOperand>(0, voxels), MatrixGradientPlanes.InputVector<TOperand>(second, voxels));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PutGradients<TOperand>(TileSource gradient, bool isInBox, int columns, FetchedEight fetched, ArrayView<Words> target, int voxels)
        where TOperand : unmanaged, IGradientOperand
    {
        if (!isInBox)
            return;
        Put<TOperand>(
            gradient.Computed<GradientSource, TOperand>(fetched.First, 0, default), gradient.Computed<GradientSource, TOperand>(fetched.Second, 0, default),
            target, MatrixGradientPlanes.GradientVector<TOperand>(0, voxels), MatrixGradientPlanes.GradientVector<TOperand>(Second<TOperand>(columns), voxels));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TOperand>(Four values, Four others, ArrayView<Words> target, int first, int second) where TOperand : unmanaged, IGradientOperand
    {
        var operand = default(TOperand);
        if (operand.ChannelsPerWord == 2)
        {
            target[first] = Words.OfPairs(operand, values, others);
        }
        else
        {
            target[first] = Words.Of(operand, values);
            target[second] = Words.Of(operand, others);
        }
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

    /// <summary>Memory of two times four channels on its way.</summary>
    private struct FetchedEight
    {
        public FetchedFour First;
        public FetchedFour Second;
    }
}
