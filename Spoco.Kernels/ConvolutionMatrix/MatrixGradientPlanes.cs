namespace Spoco.Kernels.Primitives;

/// <summary>
/// What a group of <see cref="MatrixWeightGradient"/> has in shared memory: of the voxels that a box of eight rows of eight voxels reaches at one slice of the
/// window, 16 input channels; of the box itself, the gradients of its output channels. Channels are in planes of eight, voxels of a plane one behind the other:
/// what the threads of a warp read at once is then in different banks.
/// </summary>
internal static class MatrixGradientPlanes
{
    /// <summary>Channels of a plane.</summary>
    public const int Channels = 8;

    /// <summary>Voxels of a row of a box: those of a step.</summary>
    public const int Width = 8;

    /// <summary>Rows of a box.</summary>
    public const int Rows = 8;

    /// <summary>Voxels of a box.</summary>
    public const int Voxels = Rows * Width;

    /// <summary>Columns of the window, and its rows: a warp has a row.</summary>
    public const int Window = 3;

    /// <summary>Columns of what a box reaches.</summary>
    public const int ReachedWidth = Width + Window - 1;

    /// <summary>Most voxels that a box reaches.</summary>
    public const int MostReached = 120;

    /// <summary>Words of a plane of input channels: two voxels more keep planes in different banks.</summary>
    public const int InputWords = (MostReached + 2) * Channels;

    /// <summary>Words of a plane of gradients: one voxel more for the same reason.</summary>
    public const int GradientWords = (Voxels + 1) * Channels;

    /// <summary>First word of the gradients.</summary>
    public const int FirstGradient = 2 * InputWords;

    /// <summary>Vectors of four words for a number of output channels.</summary>
    public static int Vectors(int columns) => (FirstGradient + columns / Channels * GradientWords) / 4;
}
