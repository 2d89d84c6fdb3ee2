using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The tile of a warp of a weight gradient in its matrix units: three fragments of 16 input channels below each other, at neighbouring positions of the window,
/// and four or two of 8 output channels side by side. A step adds the products of eight neighbouring voxels, whose channels lie in planes of eight
/// (<see cref="MatrixGradientPlanes"/>). Rows g and g + 8 of a fragment are input channels 2 g and 2 g + 1.
/// </summary>
/// <remarks>On NVIDIA's GPUs by <c>mma.sync</c>, see <see cref="WarpSums"/>.</remarks>
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

    /// <summary>A step.</summary>
    /// <param name="operand">How factors are rounded.</param>
    /// <param name="shared">Shared memory.</param>
    /// <param name="rows">Word of input channel 2 g of voxel t at the first of the three positions of the window.</param>
    /// <param name="columns">Word of output channel g of voxel t.</param>
    /// <param name="columnFragments">Fragments side by side, a constant.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Multiply<TOperand>(TOperand operand, ArrayView<Words> shared, int rows, int columns, int columnFragments)
        where TOperand : unmanaged, IGradientOperand
    {
        if (CudaAsm.IsSupported && columnFragments == 4)
        {
            CudaAsm.Emit(MatrixInstructions.LoadGradientWide, 4 * rows, 4 * columns);
            operand.MultiplyGradientWide();
        }
        else if (CudaAsm.IsSupported)
        {
            CudaAsm.Emit(MatrixInstructions.LoadGradientNarrow, 4 * rows, 4 * columns);
            operand.MultiplyGradientNarrow();
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
    /// <param name="rows">Input channels that there are from this thread's first one on: one beyond the last is not stored.</param>
    /// <param name="columnFragments">Fragments side by side, a constant.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly unsafe void StoreTo(ArrayView<float> target, int first, int tap, int row, int rows, int columnFragments)
    {
        if (!CudaAsm.IsSupported)
        {
            EmulateStore(target, first, tap, row, rows, columnFragments);
            return;
        }

        fixed (float* to = &target[rows > 0 ? first : 0])
        {
            if (columnFragments == 4)
                CudaAsm.Emit(MatrixInstructions.StoreGradientWide, (nint)to, 4 * tap, 4 * row, rows);
            else
                CudaAsm.Emit(MatrixInstructions.StoreGradientNarrow, (nint)to, 4 * tap, 4 * row, rows);
        }
    }

    private readonly void EmulateStore(ArrayView<float> target, int first, int tap, int row, int rows, int columnFragments)
    {
        for (var i = 0; i < 12 * columnFragments; i++)
        {
            var (position, column) = (i / 4 / columnFragments, i / 4 % columnFragments);
            if (i % 4 / 2 < rows)
                target[first + position * tap + i % 4 / 2 * row + 8 * column + i % 2] = _sums.At(position, column, i % 4);
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
            _sums.Give(WarpSums.Columns + i, words[columns + i / 2 * MatrixGradientPlanes.GradientWords + i % 2 * 4 * MatrixGradientPlanes.Channels]);
        _sums.Multiply(operand, 3, columnFragments);
    }
}
