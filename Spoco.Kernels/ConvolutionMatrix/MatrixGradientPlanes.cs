namespace Spoco.Kernels.Primitives;

/// <summary>
/// What a group of <see cref="MatrixWeightGradient"/> has in shared memory: of the voxels that a box of eight rows of eight voxels reaches at one slice of the
/// window, 16 input channels; of the box itself, the gradients of its output channels. Channels are in planes of eight, voxels of a plane one behind the other:
/// what the threads of a warp read at once is then in different banks. So are the vectors that eight of its threads store at once, as a plane begins where the one before leaves banks free.
/// </summary>
internal static class MatrixGradientPlanes
{
    /// <summary>Channels of a plane.</summary>
    public const int Channels = 8;

    /// <summary>Voxels of a row of a box.</summary>
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

    /// <summary>Words of a voxel in a plane: 8, or 4 of two channels each.</summary>
    public static int VoxelWords<TOperand>() where TOperand : unmanaged, IMatrixWords => Channels / default(TOperand).ChannelsPerWord;

    /// <summary>Words of a plane of input channels: it and the next one are half of the banks apart.</summary>
    public static int InputWords<TOperand>() where TOperand : unmanaged, IMatrixWords => (MostReached + 2 * default(TOperand).ChannelsPerWord) * VoxelWords<TOperand>();

    /// <summary>Words of a plane of gradients: it and the next one are a voxel apart.</summary>
    public static int GradientWords<TOperand>() where TOperand : unmanaged, IMatrixWords => (Voxels + 1) * VoxelWords<TOperand>();

    /// <summary>First word of the gradients.</summary>
    public static int FirstGradient<TOperand>() where TOperand : unmanaged, IMatrixWords => 2 * InputWords<TOperand>();

    /// <summary>Vector of four channels or eight of what is reached.</summary>
    public static int InputVector<TOperand>(int channel, int voxel) where TOperand : unmanaged, IMatrixWords => Vector<TOperand>(InputWords<TOperand>(), channel, voxel);

    /// <summary>The same of the gradients, from the first of them on.</summary>
    public static int GradientVector<TOperand>(int channel, int voxel) where TOperand : unmanaged, IMatrixWords => Vector<TOperand>(GradientWords<TOperand>(), channel, voxel);

    /// <summary>Vectors of four words for a number of output channels.</summary>
    public static int Vectors<TOperand>(int columns) where TOperand : unmanaged, IMatrixWords =>
        (FirstGradient<TOperand>() + columns / Channels * GradientWords<TOperand>()) / 4;

    private static int Vector<TOperand>(int plane, int channel, int voxel) where TOperand : unmanaged, IMatrixWords =>
        channel / Channels * (plane / 4) + channel % Channels / (4 * default(TOperand).ChannelsPerWord) + voxel * (VoxelWords<TOperand>() / 4);
}
