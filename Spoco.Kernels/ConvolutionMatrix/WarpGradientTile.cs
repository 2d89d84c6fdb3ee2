using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The tile of a warp of a weight gradient in its matrix units: three fragments of 16 input channels below each other, at neighbouring positions of the window,
/// and four or two of 8 output channels side by side. A step adds the products of a row of eight neighbouring voxels, whose channels lie in planes of eight
/// (<see cref="MatrixGradientPlanes"/>); rows g and g + 8 of a fragment are input channels 2 g and 2 g + 1. Where words have two channels, it is two rows of eight voxels, and rows of a fragment are
/// input channels in their order: words of two voxels are made by loads of matrices of eight voxels and eight channels, transposed.
/// </summary>
/// <remarks>On NVIDIA's GPUs by <c>mma.sync</c> and <c>ldmatrix</c>, see <see cref="WarpSums"/> and <see cref="WarpTile"/>.</remarks>
internal struct WarpGradientTile
{
    private WarpSums _sums;

    /// <summary>All sums 0, see <see cref="WarpSums.Zero"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WarpGradientTile Zero(ArrayView<Words> shared, ArrayView<int> emulated)
    {
        WarpGradientTile tile;
        tile._sums = WarpSums.Zero(shared, emulated);
        return tile;
    }

    /// <summary>
    /// What a thread has of the rows of a box's first step, at a row of the window: the word of input channel 2 g of voxel t. Where words have two channels, the words of a voxel that it names to the
    /// warp: voxel l modulo 8, in the second plane where bit 3 of l is 1, in the second row from thread 16 on.
    /// </summary>
    public static int FirstRow<TOperand>(int row) where TOperand : unmanaged, IGradientOperand
    {
        var (lane, voxel) = (Group.IdxX % 32, MatrixGradientPlanes.VoxelWords<TOperand>());
        return default(TOperand).ChannelsPerWord == 2
            ? lane / 8 % 2 * MatrixGradientPlanes.InputWords<TOperand>() + ((row + lane / 16) * MatrixGradientPlanes.ReachedWidth + lane % 8) * voxel
            : lane / 16 * MatrixGradientPlanes.InputWords<TOperand>() + (row * MatrixGradientPlanes.ReachedWidth + lane % 4) * voxel + lane / 4 % 4 * 2;
    }

    /// <summary>
    /// The same of the columns, from a plane of output channels on: the word of output channel g of voxel t; or voxel l modulo 8, in the second row where bit 3 of l is 1, in the next plane from thread
    /// 16 on.
    /// </summary>
    public static int FirstColumn<TOperand>(int plane) where TOperand : unmanaged, IGradientOperand
    {
        var (lane, words) = (Group.IdxX % 32, MatrixGradientPlanes.GradientWords<TOperand>());
        return MatrixGradientPlanes.FirstGradient<TOperand>() + plane * words + (default(TOperand).ChannelsPerWord == 2
            ? lane / 16 * words + lane % 16 * MatrixGradientPlanes.VoxelWords<TOperand>()
            : lane % 4 * MatrixGradientPlanes.VoxelWords<TOperand>() + lane / 4);
    }

    /// <summary>First input channel of a thread's sums.</summary>
    public static int Channel<TOperand>() where TOperand : unmanaged, IGradientOperand => Group.IdxX % 32 / 4 * (default(TOperand).ChannelsPerWord == 2 ? 1 : 2);

    /// <summary>A step.</summary>
    /// <param name="operand">How factors are rounded.</param>
    /// <param name="shared">Shared memory.</param>
    /// <param name="rows">What <see cref="FirstRow"/> gives, moved to the step.</param>
    /// <param name="columns">What <see cref="FirstColumn"/> gives, moved to the step.</param>
    /// <param name="columnFragments">Fragments side by side, a constant.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Multiply<TOperand>(TOperand operand, ArrayView<Words> shared, int rows, int columns, int columnFragments)
        where TOperand : unmanaged, IGradientOperand
    {
        if (CudaAsm.IsSupported && columnFragments == 4)
        {
            if (operand.ChannelsPerWord == 2)
                CudaAsm.Emit(MatrixInstructions.LoadGradientPairsWide, 4 * rows, 4 * columns);
            else
                CudaAsm.Emit(MatrixInstructions.LoadGradientWide, 4 * rows, 4 * columns);
            operand.MultiplyGradientWide();
        }
        else if (CudaAsm.IsSupported)
        {
            if (operand.ChannelsPerWord == 2)
                CudaAsm.Emit(MatrixInstructions.LoadGradientPairsNarrow, 4 * rows, 4 * columns);
            else
                CudaAsm.Emit(MatrixInstructions.LoadGradientNarrow, 4 * rows, 4 * columns);
            operand.MultiplyGradientNarrow();
        }
        else if (operand.ChannelsPerWord == 2)
        {
            EmulatePairs(operand, shared, rows, columns, columnFragments);
        }
        else
        {
            Emulate(operand, shared, rows, columns, columnFragments);
        }
    }

    /// <summary>Stores the sums.</summary>
    /// <param name="target">[kD,kH,kW,Cin,Cout].</param>
    /// <param name="first">Place of this thread's first sum.</param>
    /// <param name="tap">Values from a position of the window to the next.</param>
    /// <param name="row">Values from an input channel to the next.</param>
    /// <param name="rows">Input channels that there are from this thread's <see cref="Channel"/> on: one beyond the last is not stored.</param>
    /// <param name="columnFragments">Fragments side by side, a constant.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly unsafe void StoreTo<TOperand>(ArrayView<float> target, int first, int tap, int row, int rows, int columnFragments) where TOperand : unmanaged, IGradientOperand
    {
        var second = default(TOperand).ChannelsPerWord == 2 ? 8 : 1;
        if (!CudaAsm.IsSupported)
        {
            EmulateStore(target, first, tap, row, rows, second, columnFragments);
            return;
        }

        fixed (float* to = &target[rows > 0 ? first : 0])
        {
            if (columnFragments == 4)
                CudaAsm.Emit(MatrixInstructions.StoreGradientWide, (nint)to, 4 * tap, 4 * row * second, rows, second);
            else
                CudaAsm.Emit(MatrixInstructions.StoreGradientNarrow, (nint)to, 4 * tap, 4 * row * second, rows, second);
        }
    }

    private readonly void EmulateStore(ArrayView<float> target, int first, int tap, int row, int rows, int second, int columnFragments)
    {
        for (var i = 0; i < 12 * columnFragments; i++)
        {
            var (position, column) = (i / 4 / columnFragments, i / 4 % columnFragments);
            var channel = i % 4 / 2 * second;
            if (channel < rows)
                target[first + position * tap + channel * row + 8 * column + i % 2] = _sums.At(position, column, i % 4);
        }
    }

    /// <summary>What the instructions do: threads take their words, and multiply those of all of the warp.</summary>
    private readonly void Emulate<TOperand>(TOperand operand, ArrayView<Words> shared, int rows, int columns, int columnFragments)
        where TOperand : unmanaged, IGradientOperand
    {
        var words = shared.Cast<int>();
        for (var i = 0; i < 12; i++)
            _sums.Give(i, words[rows + (i / 4 + i % 4 / 2 * 4) * MatrixGradientPlanes.Channels + i % 2]);
        for (var i = 0; i < 2 * columnFragments; i++)
            _sums.Give(WarpSums.Columns + i, words[columns + i / 2 * MatrixGradientPlanes.GradientWords<TOperand>() + i % 2 * 4 * MatrixGradientPlanes.Channels]);
        _sums.Multiply(operand, 3, columnFragments);
    }

    /// <summary>
    /// The same where words have two channels: threads tell each other where voxels lie; of every matrix, whose eight voxels eight threads have named, a thread gets a word of channel g of the voxels
    /// 2 t and 2 t + 1.
    /// </summary>
    private readonly void EmulatePairs<TOperand>(TOperand operand, ArrayView<Words> shared, int rows, int columns, int columnFragments)
        where TOperand : unmanaged, IGradientOperand
    {
        var values = shared.Cast<ushort>();
        _sums.Name(0, rows);
        _sums.Name(1, columns);
        EmulatedWarp.Barrier();
        var (g, first) = (Group.IdxX % 32 / 4, 2 * (Group.IdxX % 4));
        for (var i = 0; i < 12; i++)
        {
            var at = 2 * (i / 4 * MatrixGradientPlanes.VoxelWords<TOperand>()) + g;
            var voxel = i % 4 * 8 + first;
            _sums.Give(i, values[2 * _sums.Named(0, voxel) + at] | (values[2 * _sums.Named(0, voxel + 1) + at] << 16));
        }

        for (var i = 0; i < 2 * columnFragments; i++)
        {
            var at = 2 * (i / 4 * 2 * MatrixGradientPlanes.GradientWords<TOperand>()) + g;
            var voxel = i % 4 * 8 + first;
            _sums.Give(WarpSums.Columns + i, values[2 * _sums.Named(1, voxel) + at] | (values[2 * _sums.Named(1, voxel + 1) + at] << 16));
        }

        _sums.Multiply(operand, 3, columnFragments);
    }
}
