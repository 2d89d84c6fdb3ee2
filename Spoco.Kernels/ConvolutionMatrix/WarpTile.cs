using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The tile of a warp in its matrix units: two fragments of 16 rows below each other and four of 8 columns side by side, or four and two. A step adds the product
/// of 32 bytes of every row with 32 bytes of every column, from shared memory.
/// </summary>
/// <remarks>On NVIDIA's GPUs by <c>ldmatrix</c> and <c>mma.sync</c> (PTX ISA, "Warp level matrix multiply-accumulate instructions"), see <see cref="WarpSums"/>.</remarks>
internal struct WarpTile
{
    /// <summary>Bytes from a column to the second one sixteen behind it.</summary>
    public const int NextColumns = 16 * 4 * MatrixTiles.SlabWords;

    private WarpSums _sums;

    /// <summary>All sums 0, see <see cref="WarpSums.Zero"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WarpTile Zero(ArrayView<Words> shared, ArrayView<int> emulated)
    {
        WarpTile tile;
        tile._sums = WarpSums.Zero(shared, emulated);
        return tile;
    }

    /// <summary>A step of two fragments below each other and four side by side.</summary>
    /// <param name="operand">What words are.</param>
    /// <param name="shared">Shared memory.</param>
    /// <param name="row0">
    /// Bytes from the beginning of shared memory to 16 of a row of the first fragment: of row l modulo 16 the first sixteen of the step's 32 for the lower
    /// sixteen threads l of the warp, the second ones for the upper.
    /// </param>
    /// <param name="row1">The same for the second fragment.</param>
    /// <param name="column">
    /// Bytes to 16 of a column: of column l modulo 8 and, from thread 16 on, 8 more, the first sixteen of the step's 32 where bit 3 of l is 0. Those of the
    /// other two fragments are <see cref="NextColumns"/> behind.
    /// </param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void MultiplyWide<TOperand>(TOperand operand, ArrayView<Words> shared, int row0, int row1, int column) where TOperand : unmanaged, IMatrixOperand
    {
        if (CudaAsm.IsSupported)
        {
            CudaAsm.Emit(MatrixInstructions.LoadWide, row0, row1, column);
            operand.MultiplyWide();
        }
        else
        {
            Emulate(operand, shared, 2, row0, row1, 0, 0, column);
        }
    }

    /// <summary>A step of four fragments below each other and two side by side; arguments as those of <see cref="MultiplyWide"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void MultiplyNarrow<TOperand>(
        TOperand operand, ArrayView<Words> shared, int row0, int row1, int row2, int row3, int column) where TOperand : unmanaged, IMatrixOperand
    {
        if (CudaAsm.IsSupported)
        {
            CudaAsm.Emit(MatrixInstructions.LoadNarrow, row0, row1, row2, row3, column);
            operand.MultiplyNarrow();
        }
        else
        {
            Emulate(operand, shared, 4, row0, row1, row2, row3, column);
        }
    }

    /// <summary>Stores the sums as numbers in single precision.</summary>
    /// <param name="target">Shared memory.</param>
    /// <param name="first">Place of this thread's first value: row g, column 2 t.</param>
    /// <param name="pitch">Values from a row to the next.</param>
    /// <param name="rowFragments">Fragments below each other, a constant.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void StoreTo(ArrayView<float> target, int first, int pitch, int rowFragments)
    {
        if (CudaAsm.IsSupported && rowFragments == 2)
            CudaAsm.Emit(MatrixInstructions.StoreWide, 4 * first, 32 * pitch);
        else if (CudaAsm.IsSupported)
            CudaAsm.Emit(MatrixInstructions.StoreNarrow, 4 * first, 32 * pitch);
        else
            EmulateStore(target, first, pitch, rowFragments);
    }

    private readonly void EmulateStore(ArrayView<float> target, int first, int pitch, int rowFragments)
    {
        var columnFragments = 8 / rowFragments;
        for (var i = 0; i < 32; i++)
        {
            var (row, column) = (i / 4 / columnFragments, i / 4 % columnFragments);
            target[first + (16 * row + i % 4 / 2 * 8) * pitch + 8 * column + i % 2] = _sums.At(row, column, i % 4);
        }
    }

    /// <summary>What the instructions do: threads tell each other where rows and columns lie, take their words of them, and multiply those of all.</summary>
    private readonly void Emulate<TOperand>(
        TOperand operand, ArrayView<Words> shared, int rowFragments, int row0, int row1, int row2, int row3, int column)
        where TOperand : unmanaged, IMatrixOperand
    {
        var words = shared.Cast<int>();
        _sums.Name(0, row0);
        _sums.Name(1, row1);
        _sums.Name(2, row2);
        _sums.Name(3, row3);
        _sums.Name(4, column);
        _sums.Name(5, column + NextColumns);
        EmulatedWarp.Barrier();

        // A load gives a thread word t of the rows whose places threads g, g + 8, g + 16 and g + 24 have.
        var (g, t) = (Group.IdxX % 32 / 4, Group.IdxX % 4);
        for (var i = 0; i < 4 * rowFragments; i++)
            _sums.Give(i, words[_sums.Named(i / 4, i % 4 * 8 + g) / 4 + t]);
        for (var i = 0; i < 16 / rowFragments; i++)
            _sums.Give(WarpSums.Columns + i, words[_sums.Named(4 + i / 4, i % 4 * 8 + g) / 4 + t]);
        _sums.Multiply(operand, rowFragments, 8 / rowFragments);
    }
}
