using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// What a tile reads: a tensor, perhaps with a second one that is enlarged to its size and joined behind its channels, normalised while it is read; or a
/// gradient, taken through the activation whose result is its gate.
/// </summary>
internal struct TileSource
{
    /// <summary>First tensor, [N, D, H, W, Channels].</summary>
    public ArrayView<float> Values;

    /// <summary>Second tensor, [N, SmallD, SmallH, SmallW, SmallChannels].</summary>
    public ArrayView<float> Small;

    /// <summary>Factor per image and joined channel.</summary>
    public ArrayView<float> Scale;

    /// <summary>Summand per image and joined channel.</summary>
    public ArrayView<float> Shift;

    /// <summary>Results of the activation, where <see cref="Values"/> is the gradient behind it.</summary>
    public ArrayView<float> Gate;

    /// <summary>The activation.</summary>
    public ActivationFunction Activation;

    /// <summary>Extents of the first tensor.</summary>
    public TensorShape Shape;

    /// <summary>Extents of the second tensor; without channels where there is none.</summary>
    public TensorShape SmallShape;

    /// <summary>1 = normalised with factors of every image, 2 = with the same for all images, 0 = taken as it is.</summary>
    public int Norm;

    /// <summary>Whether <see cref="Gate"/> is used.</summary>
    public int Gated;

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
            return Values[(((image * Shape.D + d) * Shape.H + h) * Shape.W + w) * Shape.C + channel];
        var (z, y, x) = (Shrink(d, SmallShape.D, Shape.D), Shrink(h, SmallShape.H, Shape.H), Shrink(w, SmallShape.W, Shape.W));
        return Small[(((image * SmallShape.D + z) * SmallShape.H + y) * SmallShape.W + x) * SmallShape.C + channel - Shape.C];
    }

    /// <summary>Value of a voxel, normalised or taken through the activation; 0 outside the image.</summary>
    internal readonly float Load(int image, int d, int h, int w, int channel, float scale, float shift)
    {
        // Three unsigned comparisons and one branch.
        if (((uint)d < (uint)Shape.D) & ((uint)h < (uint)Shape.H) & ((uint)w < (uint)Shape.W))
        {
            var value = Raw(image, d, h, w, channel) * scale + shift;
            return Gated != 0 ? value * Activation.Derivative(Gate[(((image * Shape.D + d) * Shape.H + h) * Shape.W + w) * Shape.C + channel]) : value;
        }

        return 0;
    }

    private static int Shrink(int position, int small, int size) =>
        2 * small == size ? position >> 1 : small == size ? position : position * small / size;
}
