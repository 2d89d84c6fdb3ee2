using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The tile of a warp in its matrix units: eight fragments of 16 rows and 8 columns, two below each other and four side by side, or four and two. A step adds
/// the product of 32 bytes of every row with 32 bytes of every column, from shared memory. Of a fragment, thread 4 g + t of the warp has rows g and g + 8 of
/// columns 2 t and 2 t + 1.
/// </summary>
/// <remarks>
/// On NVIDIA's GPUs <c>ldmatrix</c> and <c>mma.sync</c> on registers that are declared here by name, so that they never leave the register file: what an
/// instruction changes ILGPU passes through memory (PTX ISA, "Warp level matrix multiply-accumulate instructions"). On other devices the same is computed from
/// memory that the threads share, so that tests see the rest of a kernel work; every thread of the group must then pass every step.
/// </remarks>
internal struct WarpTile
{
    /// <summary>Words of memory that a group takes where there are no matrix units.</summary>
    public const int EmulatedWords = MostThreads * (Sums + Factors + Places);

    /// <summary>Bytes from a column to the second one sixteen behind it.</summary>
    public const int NextColumns = 16 * 4 * MatrixTiles.SlabWords;

    private const int MostThreads = 256;
    private const int Sums = 32;
    private const int Factors = 24;
    private const int Places = 6;

    private ArrayView<int> _emulated;

    /// <summary>All sums 0. Once in a kernel, before any loop: it declares the registers.</summary>
    /// <param name="shared">The shared memory that steps read.</param>
    /// <param name="emulated"><see cref="EmulatedWords"/> for every group where there are no matrix units, else nothing.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe WarpTile Zero(ArrayView<Words> shared, ArrayView<int> emulated)
    {
        WarpTile tile = default;
        if (CudaAsm.IsSupported)
        {
            CudaAsm.Emit(".reg .f32 sum<32>; .reg .f32 part<4>; .reg .f32 zero; .reg .b32 row<16>; .reg .b32 rowRest<16>; .reg .b32 column<8>; "
                + ".reg .b32 columnRest<8>; .reg .b32 upper; .reg .u32 at<6>; .reg .u32 shared;");
            CudaAsm.Emit("mov.f32 zero, 0f00000000; mov.f32 sum0, 0f00000000; mov.f32 sum1, 0f00000000; mov.f32 sum2, 0f00000000; mov.f32 sum3, 0f00000000; "
                + "mov.f32 sum4, 0f00000000; mov.f32 sum5, 0f00000000; mov.f32 sum6, 0f00000000; mov.f32 sum7, 0f00000000; "
                + "mov.f32 sum8, 0f00000000; mov.f32 sum9, 0f00000000; mov.f32 sum10, 0f00000000; mov.f32 sum11, 0f00000000; "
                + "mov.f32 sum12, 0f00000000; mov.f32 sum13, 0f00000000; mov.f32 sum14, 0f00000000; mov.f32 sum15, 0f00000000; "
                + "mov.f32 sum16, 0f00000000; mov.f32 sum17, 0f00000000; mov.f32 sum18, 0f00000000; mov.f32 sum19, 0f00000000; "
                + "mov.f32 sum20, 0f00000000; mov.f32 sum21, 0f00000000; mov.f32 sum22, 0f00000000; mov.f32 sum23, 0f00000000; "
                + "mov.f32 sum24, 0f00000000; mov.f32 sum25, 0f00000000; mov.f32 sum26, 0f00000000; mov.f32 sum27, 0f00000000; "
                + "mov.f32 sum28, 0f00000000; mov.f32 sum29, 0f00000000; mov.f32 sum30, 0f00000000; mov.f32 sum31, 0f00000000;");
            fixed (Words* first = &shared[0])
                CudaAsm.Emit("{ .reg .u64 first; cvta.to.shared.u64 first, %0; cvt.u32.u64 shared, first; }", (nint)first);
        }
        else
        {
            tile._emulated = emulated.SubView(Grid.IdxX * EmulatedWords, EmulatedWords);
            for (var i = 0; i < Sums; i++)
                tile._emulated[i * MostThreads + Group.IdxX] = 0;
        }

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
            CudaAsm.Emit(MatrixInstructions.StoreWide, 4 * first, 4 * (first + 8 * pitch), 4 * (first + 16 * pitch), 4 * (first + 24 * pitch));
        else if (CudaAsm.IsSupported)
            CudaAsm.Emit(MatrixInstructions.StoreNarrow, 4 * first, 32 * pitch);
        else
            EmulateStore(target, first, pitch, rowFragments);
    }

    private readonly void EmulateStore(ArrayView<float> target, int first, int pitch, int rowFragments)
    {
        for (var i = 0; i < Sums; i++)
        {
            var (row, column) = (i / 4 / (8 / rowFragments), i / 4 % (8 / rowFragments));
            target[first + (16 * row + i % 4 / 2 * 8) * pitch + 8 * column + i % 2] = Interop.IntAsFloat((uint)_emulated[i * MostThreads + Group.IdxX]);
        }
    }

    /// <summary>What the instructions do: threads tell each other where rows and columns lie, take their words of them, and multiply those of all.</summary>
    private readonly void Emulate<TOperand>(
        TOperand operand, ArrayView<Words> shared, int rowFragments, int row0, int row1, int row2, int row3, int column)
        where TOperand : unmanaged, IMatrixOperand
    {
        var bytes = shared.Cast<int>();
        var factors = _emulated.SubView(Sums * MostThreads, Factors * MostThreads);
        var places = _emulated.SubView((Sums + Factors) * MostThreads, Places * MostThreads);
        var thread = Group.IdxX;
        var (warp, g, t) = (thread / 32 * 32, thread % 32 / 4, thread % 4);
        places[thread] = row0;
        places[MostThreads + thread] = row1;
        places[2 * MostThreads + thread] = row2;
        places[3 * MostThreads + thread] = row3;
        places[4 * MostThreads + thread] = column;
        places[5 * MostThreads + thread] = column + NextColumns;
        EmulatedWarp.Barrier();

        // A load gives a thread word t of the rows whose places threads g, g + 8, g + 16 and g + 24 have.
        var columnLoads = 4 / rowFragments;
        for (var i = 0; i < 4 * rowFragments; i++)
            factors[i * MostThreads + thread] = bytes[places[i / 4 * MostThreads + warp + i % 4 * 8 + g] / 4 + t];
        for (var i = 0; i < 4 * columnLoads; i++)
            factors[(16 + i) * MostThreads + thread] = bytes[places[(4 + i / 4) * MostThreads + warp + i % 4 * 8 + g] / 4 + t];
        EmulatedWarp.Barrier();
        for (var i = 0; i < Sums; i++)
        {
            var (rows, columns) = (i / 4 / (8 / rowFragments), i / 4 % (8 / rowFragments));
            var (row, col) = (i % 4 / 2, 2 * t + i % 2);
            var sum = 0f;
            for (var k = 0; k < 8; k++)
            {
                var a = factors[(4 * rows + 2 * (k / 4) + row) * MostThreads + warp + 4 * g + k % 4];
                var b = factors[(16 + 2 * columns + k / 4) * MostThreads + warp + 4 * col + k % 4];
                sum += operand.Product(a, b);
            }

            var at = i * MostThreads + thread;
            _emulated[at] = (int)Interop.FloatAsInt(Interop.IntAsFloat((uint)_emulated[at]) + sum);
        }

        // All have read before anyone writes again.
        EmulatedWarp.Barrier();
    }
}
