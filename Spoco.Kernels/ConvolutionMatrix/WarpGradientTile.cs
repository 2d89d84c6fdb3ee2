using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The tile of a warp of a weight gradient in its matrix units: three fragments of 16 input channels below each other, at neighbouring positions of the window,
/// and four or two of 8 output channels side by side. A step adds the products of eight neighbouring voxels, whose channels lie in planes of eight
/// (<see cref="MatrixGradientPlanes"/>). Of a fragment, thread 4 g + t of the warp has input channels 2 g and 2 g + 1 of output channels 2 t and 2 t + 1.
/// </summary>
/// <remarks>As <see cref="WarpTile"/>: registers are declared by name; without matrix units every thread of the group must pass every step.</remarks>
internal struct WarpGradientTile
{
    /// <summary>Words of memory that a group takes where there are no matrix units.</summary>
    public const int EmulatedWords = MostThreads * (Sums + Factors);

    private const int MostThreads = 192;
    private const int Sums = 48;
    private const int Factors = 20;

    /// <summary>Of the factors, those of the rows.</summary>
    private const int Rows = 12;

    private ArrayView<int> _emulated;

    /// <summary>All sums 0. Once in a kernel, before any loop: it declares the registers.</summary>
    /// <param name="shared">The shared memory that steps read.</param>
    /// <param name="emulated"><see cref="EmulatedWords"/> for every group where there are no matrix units, else nothing.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe WarpGradientTile Zero(ArrayView<Words> shared, ArrayView<int> emulated)
    {
        WarpGradientTile tile = default;
        if (CudaAsm.IsSupported)
        {
            CudaAsm.Emit(".reg .f32 sum<48>; .reg .f32 part<4>; .reg .f32 zero; .reg .b32 row<12>; .reg .b32 rowRest<12>; .reg .b32 column<8>; "
                + ".reg .b32 columnRest<8>; .reg .b32 upper; .reg .u32 at<2>; .reg .u32 shared;");
            CudaAsm.Emit("mov.f32 zero, 0f00000000; mov.f32 sum0, 0f00000000; mov.f32 sum1, 0f00000000; mov.f32 sum2, 0f00000000; mov.f32 sum3, 0f00000000; "
                + "mov.f32 sum4, 0f00000000; mov.f32 sum5, 0f00000000; mov.f32 sum6, 0f00000000; mov.f32 sum7, 0f00000000; "
                + "mov.f32 sum8, 0f00000000; mov.f32 sum9, 0f00000000; mov.f32 sum10, 0f00000000; mov.f32 sum11, 0f00000000; "
                + "mov.f32 sum12, 0f00000000; mov.f32 sum13, 0f00000000; mov.f32 sum14, 0f00000000; mov.f32 sum15, 0f00000000; "
                + "mov.f32 sum16, 0f00000000; mov.f32 sum17, 0f00000000; mov.f32 sum18, 0f00000000; mov.f32 sum19, 0f00000000; "
                + "mov.f32 sum20, 0f00000000; mov.f32 sum21, 0f00000000; mov.f32 sum22, 0f00000000; mov.f32 sum23, 0f00000000; "
                + "mov.f32 sum24, 0f00000000; mov.f32 sum25, 0f00000000; mov.f32 sum26, 0f00000000; mov.f32 sum27, 0f00000000; "
                + "mov.f32 sum28, 0f00000000; mov.f32 sum29, 0f00000000; mov.f32 sum30, 0f00000000; mov.f32 sum31, 0f00000000; "
                + "mov.f32 sum32, 0f00000000; mov.f32 sum33, 0f00000000; mov.f32 sum34, 0f00000000; mov.f32 sum35, 0f00000000; "
                + "mov.f32 sum36, 0f00000000; mov.f32 sum37, 0f00000000; mov.f32 sum38, 0f00000000; mov.f32 sum39, 0f00000000; "
                + "mov.f32 sum40, 0f00000000; mov.f32 sum41, 0f00000000; mov.f32 sum42, 0f00000000; mov.f32 sum43, 0f00000000; "
                + "mov.f32 sum44, 0f00000000; mov.f32 sum45, 0f00000000; mov.f32 sum46, 0f00000000; mov.f32 sum47, 0f00000000;");
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

    /// <summary>A step.</summary>
    /// <param name="operand">How factors are rounded.</param>
    /// <param name="shared">Shared memory.</param>
    /// <param name="rows">Word of input channel 2 g of voxel t at the first of the three positions of the window.</param>
    /// <param name="columns">Word of output channel g of voxel t.</param>
    /// <param name="columnFragments">Fragments side by side, a constant.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Multiply<TOperand>(TOperand operand, ArrayView<Words> shared, int rows, int columns, int columnFragments)
        where TOperand : unmanaged, IMatrixOperand
    {
        if (CudaAsm.IsSupported && columnFragments == 4)
        {
            CudaAsm.Emit(MatrixGradientInstructions.LoadWide, 4 * rows, 4 * columns);
            operand.MultiplyGradientWide();
        }
        else if (CudaAsm.IsSupported)
        {
            CudaAsm.Emit(MatrixGradientInstructions.LoadNarrow, 4 * rows, 4 * columns);
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
                CudaAsm.Emit(MatrixGradientInstructions.StoreWide, (nint)to, 4 * tap, 4 * row, rows);
            else
                CudaAsm.Emit(MatrixGradientInstructions.StoreNarrow, (nint)to, 4 * tap, 4 * row, rows);
        }
    }

    private readonly void EmulateStore(ArrayView<float> target, int first, int tap, int row, int rows, int columnFragments)
    {
        for (var i = 0; i < 12 * columnFragments; i++)
        {
            var (position, column) = (i / 4 / columnFragments, i / 4 % columnFragments);
            if (i % 4 / 2 < rows)
                target[first + position * tap + i % 4 / 2 * row + 8 * column + i % 2] = Interop.IntAsFloat((uint)_emulated[i * MostThreads + Group.IdxX]);
        }
    }

    /// <summary>What the instructions do: threads take their words, and multiply those of all of the warp.</summary>
    private readonly void Emulate<TOperand>(TOperand operand, ArrayView<Words> shared, int rows, int columns, int columnFragments)
        where TOperand : unmanaged, IMatrixOperand
    {
        var words = shared.Cast<int>();
        var factors = _emulated.SubView(Sums * MostThreads, Factors * MostThreads);
        var thread = Group.IdxX;
        var (warp, g, t) = (thread / 32 * 32, thread % 32 / 4, thread % 4);
        for (var i = 0; i < Rows; i++)
            factors[i * MostThreads + thread] = words[rows + (i / 4 + i % 4 / 2 * 4) * MatrixGradientPlanes.Channels + i % 2];
        for (var i = 0; i < 2 * columnFragments; i++)
            factors[(Rows + i) * MostThreads + thread] = words[columns + i / 2 * MatrixGradientPlanes.GradientWords + i % 2 * 4 * MatrixGradientPlanes.Channels];
        EmulatedWarp.Barrier();
        for (var i = 0; i < 12 * columnFragments; i++)
        {
            var (position, column) = (i / 4 / columnFragments, i / 4 % columnFragments);
            var (row, col) = (i % 4 / 2, 2 * t + i % 2);
            var sum = 0f;
            for (var k = 0; k < 8; k++)
            {
                var a = factors[(4 * position + 2 * (k / 4) + row) * MostThreads + warp + 4 * g + k % 4];
                var b = factors[(Rows + 2 * column + k / 4) * MostThreads + warp + 4 * col + k % 4];
                sum += operand.ProductOfRounded(a, b);
            }

            var at = i * MostThreads + thread;
            _emulated[at] = (int)Interop.FloatAsInt(Interop.IntAsFloat((uint)_emulated[at]) + sum);
        }

        // All have read before anyone writes again.
        EmulatedWarp.Barrier();
    }
}
