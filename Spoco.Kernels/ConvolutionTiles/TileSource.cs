using System.Runtime.CompilerServices;
using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// What a tile reads: a tensor, perhaps with a second one that is enlarged to its size and joined behind its channels, normalised while it is read; or a
/// gradient, taken through the activation whose result is its gate.
/// </summary>
internal struct TileSource
{
    /// <summary>First tensor, [N, D, H, W, Channels].</summary>
    public ValueView Values;

    /// <summary>Second tensor, [N, SmallD, SmallH, SmallW, SmallChannels].</summary>
    public ValueView Small;

    /// <summary>Factor per image and joined channel.</summary>
    public ArrayView<float> Scale;

    /// <summary>Summand per image and joined channel.</summary>
    public ArrayView<float> Shift;

    /// <summary>Results of the activation, where <see cref="Values"/> is the gradient behind it.</summary>
    public ValueView Gate;

    /// <summary>The activation.</summary>
    public ActivationFunction Activation;

    /// <summary>Extents of the first tensor.</summary>
    public TensorShape Shape;

    /// <summary>Extents of the second tensor; without channels where there is none.</summary>
    public TensorShape SmallShape;

    /// <summary>Bits of axes, columns first: three of those along which the second tensor has half the extent, then three of those along which it has the whole.</summary>
    public int Ratios;

    /// <summary>1 = normalised with factors of every image, 2 = with the same for all images, 0 = taken as it is.</summary>
    public int Norm;

    /// <summary>Whether <see cref="Gate"/> is used.</summary>
    public int Gated;

    /// <summary>Whether any of it is stored as brain floating-point numbers.</summary>
    internal readonly bool HasNarrow => (Values.IsBrain | Small.IsBrain | Gate.IsBrain) != 0;

    /// <summary>Joins a second tensor; by the host.</summary>
    public void Join(ValueView small, TensorShape shape)
    {
        (Small, SmallShape) = (small, shape);
        Ratios = Ratio(shape.W, Shape.W) | (Ratio(shape.H, Shape.H) << 1) | (Ratio(shape.D, Shape.D) << 2);

        static int Ratio(int small, int size) => 2 * small == size ? 1 : small == size ? 8 : 0;
    }

    /// <summary>Joined channels.</summary>
    public readonly int Channels => Shape.C + SmallShape.C;

    /// <summary>Place of an image's channel in <see cref="Scale"/> and <see cref="Shift"/>.</summary>
    internal readonly int Line(int image, int channel) => (Norm == 1 ? image * Channels : 0) + channel;

    /// <summary>Factor of an image's channel.</summary>
    internal readonly float ScaleOf(int image, int channel) => Norm != 0 ? Scale[Line(image, channel)] : 1f;

    /// <summary>Summand of an image's channel.</summary>
    internal readonly float ShiftOf(int image, int channel) => Norm != 0 ? Shift[Line(image, channel)] : 0f;

    /// <summary>Value of a voxel as it lies in memory: voxel o of the enlarged tensor is voxel floor(o in / out) of the small one.</summary>
    internal readonly float Raw(int image, int d, int h, int w, int channel)
    {
        if (channel < Shape.C)
            return Values.At(Voxel(image, d, h, w) * Shape.C + channel);
        return Small.At(SmallVoxel(image, d, h, w) * SmallShape.C + channel - Shape.C);
    }

    /// <summary>Number of a voxel of the first tensor.</summary>
    internal readonly int Voxel(int image, int d, int h, int w) => ((image * Shape.D + d) * Shape.H + h) * Shape.W + w;

    /// <summary>Number of the voxel of the second tensor that is enlarged to this one.</summary>
    internal readonly int SmallVoxel(int image, int d, int h, int w)
    {
        var (z, y, x) = (Shrink(d, 4, SmallShape.D, Shape.D), Shrink(h, 2, SmallShape.H, Shape.H), Shrink(w, 1, SmallShape.W, Shape.W));
        return ((image * SmallShape.D + z) * SmallShape.H + y) * SmallShape.W + x;
    }

    /// <summary>How four neighbouring channels are normalised; those beyond the last one become 0.</summary>
    internal readonly FourLines FourLines(int image, int channel)
    {
        FourLines lines;
        lines.Scale.X = channel < Channels ? ScaleOf(image, channel) : 0;
        lines.Scale.Y = channel + 1 < Channels ? ScaleOf(image, channel + 1) : 0;
        lines.Scale.Z = channel + 2 < Channels ? ScaleOf(image, channel + 2) : 0;
        lines.Scale.W = channel + 3 < Channels ? ScaleOf(image, channel + 3) : 0;
        lines.Shift.X = channel < Channels ? ShiftOf(image, channel) : 0;
        lines.Shift.Y = channel + 1 < Channels ? ShiftOf(image, channel + 1) : 0;
        lines.Shift.Z = channel + 2 < Channels ? ShiftOf(image, channel + 2) : 0;
        lines.Shift.W = channel + 3 < Channels ? ShiftOf(image, channel + 3) : 0;
        return lines;
    }

    /// <summary>Four neighbouring channels, normalised or taken through the activation, one by one; 0 outside the image and beyond the last channel.</summary>
    /// <param name="voxel">Voxel of the first tensor, -1 outside the image.</param>
    /// <param name="small">That of the second tensor.</param>
    /// <param name="channel">First channel.</param>
    /// <param name="lines">Their normalisation.</param>
    internal readonly Four FourAt<TKind>(int voxel, int small, int channel, FourLines lines) where TKind : unmanaged, ISourceKind
    {
        Four values = default;
        if (voxel >= 0 && channel < Channels)
        {
            values.X = OneAt<TKind>(voxel, small, channel, lines.Scale.X, lines.Shift.X);
            values.Y = OneAt<TKind>(voxel, small, channel + 1, lines.Scale.Y, lines.Shift.Y);
            values.Z = OneAt<TKind>(voxel, small, channel + 2, lines.Scale.Z, lines.Shift.Z);
            values.W = OneAt<TKind>(voxel, small, channel + 3, lines.Scale.W, lines.Shift.W);
        }

        return values;
    }

    /// <summary>The memory of four neighbouring channels, which lie in one tensor and can be read at once; arguments as those of <see cref="FourAt"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly FetchedFour Fetch<TKind, TWords>(int voxel, int small, int channel) where TKind : unmanaged, ISourceKind where TWords : unmanaged, IMatrixWords
    {
        // Outside the image the first values are read: where a way without a read meets one with it, what was read would be moved, and so be waited for.
        var isInside = (voxel >= 0) & (channel < Channels);
        var at = isInside ? (voxel * Shape.C + channel) / 4 : 0;
        FetchedFour fetched;
        fetched.IsInside = isInside ? 1 : 0;
        fetched.Gate = default;
        if (default(TKind).IsGradient)
        {
            fetched.Values = Fetch<TWords>(Values, at);
            if (Gated != 0)
                fetched.Gate = Fetch<TWords>(Gate, at);
        }
        else if ((channel >= Shape.C) & (channel < Channels))
        {
            fetched.Values = Fetch<TWords>(Small, isInside ? (small * SmallShape.C + channel - Shape.C) / 4 : 0);
        }
        else
        {
            fetched.Values = Fetch<TWords>(Values, at);
        }

        return fetched;
    }

    /// <summary>What <see cref="FourAt"/> gives, of memory that is there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Four Computed<TKind, TWords>(FetchedFour fetched, int channel, FourLines lines) where TKind : unmanaged, ISourceKind where TWords : unmanaged, IMatrixWords
    {
        Four values = default;
        if (fetched.IsInside != 0)
        {
            if (default(TKind).IsGradient)
            {
                values = Widened<TWords>(Values, fetched.Values);
                if (Gated != 0)
                    values = values.Times(Activation, Widened<TWords>(Gate, fetched.Gate));
            }
            else
            {
                values = channel < Shape.C ? Widened<TWords>(Values, fetched.Values) : Widened<TWords>(Small, fetched.Values);
                values = lines.Shift.Plus(lines.Scale, values);
            }
        }

        return values;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Four Fetch<TWords>(ValueView values, int i) where TWords : unmanaged, IMatrixWords =>
        default(TWords).ReadsNarrow ? values.Fetch(i) : values.Single.Cast<Four>()[i];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Four Widened<TWords>(ValueView values, Four memory) where TWords : unmanaged, IMatrixWords =>
        default(TWords).ReadsNarrow ? values.Widened(memory) : memory;

    private readonly float OneAt<TKind>(int voxel, int small, int channel, float scale, float shift) where TKind : unmanaged, ISourceKind
    {
        if (channel >= Channels)
            return 0;
        return default(TKind).IsGradient || channel < Shape.C ? At(voxel * Shape.C + channel, true, scale, shift) : Small.At(small * SmallShape.C + channel - Shape.C) * scale + shift;
    }

    /// <summary>Value at a place of the first tensor, normalised or taken through the activation; 0 for one outside the image.</summary>
    internal readonly float At(int place, bool isInside, float scale, float shift)
    {
        if (!isInside)
            return 0;
        var value = Values.At(place) * scale + shift;
        return Gated != 0 ? value * Activation.Derivative(Gate.At(place)) : value;
    }

    /// <summary>Value of a voxel of the second tensor; 0 outside the image.</summary>
    internal readonly float OfSmall(int image, int d, int h, int w, int channel, float scale, float shift) =>
        IsInside(d, h, w) ? Raw(image, d, h, w, channel) * scale + shift : 0;

    /// <summary>Whether a voxel lies in the image: three unsigned comparisons, one branch.</summary>
    internal readonly bool IsInside(int d, int h, int w) => ((uint)d < (uint)Shape.D) & ((uint)h < (uint)Shape.H) & ((uint)w < (uint)Shape.W);

    /// <summary>Eight values of one channel: two by two in a plane, and as many <paramref name="halfD"/> slices and <paramref name="halfW"/> columns on.</summary>
    internal readonly void LoadBlock(
        int image, int d, int h, int w, int halfD, int halfW, int channel, float scale, float shift, ArrayView<float> target, int at)
    {
        if (channel >= Shape.C)
        {
            target[at] = OfSmall(image, d, h, w, channel, scale, shift);
            target[at + 1] = OfSmall(image, d, h, w + 1, channel, scale, shift);
            target[at + 2] = OfSmall(image, d, h + 1, w, channel, scale, shift);
            target[at + 3] = OfSmall(image, d, h + 1, w + 1, channel, scale, shift);
            (d, w) = (d + halfD, w + halfW);
            target[at + 4] = OfSmall(image, d, h, w, channel, scale, shift);
            target[at + 5] = OfSmall(image, d, h, w + 1, channel, scale, shift);
            target[at + 6] = OfSmall(image, d, h + 1, w, channel, scale, shift);
            target[at + 7] = OfSmall(image, d, h + 1, w + 1, channel, scale, shift);
            return;
        }

        var row = Shape.W * Shape.C;
        var place = ((image * Shape.D + d) * Shape.H + h) * row + w * Shape.C + channel;
        var (first, second) = ((uint)h < (uint)Shape.H, (uint)(h + 1) < (uint)Shape.H);
        var (left, right) = ((uint)d < (uint)Shape.D & (uint)w < (uint)Shape.W, (uint)d < (uint)Shape.D & (uint)(w + 1) < (uint)Shape.W);
        target[at] = At(place, first & left, scale, shift);
        target[at + 1] = At(place + Shape.C, first & right, scale, shift);
        target[at + 2] = At(place + row, second & left, scale, shift);
        target[at + 3] = At(place + row + Shape.C, second & right, scale, shift);
        (d, w) = (d + halfD, w + halfW);
        place += halfD * Shape.H * row + halfW * Shape.C;
        (left, right) = ((uint)d < (uint)Shape.D & (uint)w < (uint)Shape.W, (uint)d < (uint)Shape.D & (uint)(w + 1) < (uint)Shape.W);
        target[at + 4] = At(place, first & left, scale, shift);
        target[at + 5] = At(place + Shape.C, first & right, scale, shift);
        target[at + 6] = At(place + row, second & left, scale, shift);
        target[at + 7] = At(place + row + Shape.C, second & right, scale, shift);
    }

    private readonly int Shrink(int position, int axis, int small, int size) =>
        (Ratios & axis) != 0 ? position >> 1 : (Ratios & (8 * axis)) != 0 ? position : position * small / size;
}

/// <summary>Which of the two a <see cref="TileSource"/> is, as a type.</summary>
internal interface ISourceKind
{
    /// <summary>Whether it is a gradient, perhaps with a gate, and not tensors, perhaps normalised and joined.</summary>
    bool IsGradient { get; }
}

/// <summary>What a convolution reads.</summary>
internal readonly struct InputSource : ISourceKind
{
    /// <inheritdoc/>
    public bool IsGradient => false;
}

/// <summary>The gradient of its result.</summary>
internal readonly struct GradientSource : ISourceKind
{
    /// <inheritdoc/>
    public bool IsGradient => true;
}

/// <summary>Memory on its way: nothing has waited for it.</summary>
internal struct FetchedFour
{
    /// <summary>Of four values.</summary>
    public Four Values;

    /// <summary>Of what they are taken through.</summary>
    public Four Gate;

    /// <summary>Whether there is any.</summary>
    public int IsInside;
}

/// <summary>Factor and summand of four neighbouring channels.</summary>
internal struct FourLines
{
    /// <summary>Factors.</summary>
    public Four Scale;

    /// <summary>Summands.</summary>
    public Four Shift;
}
