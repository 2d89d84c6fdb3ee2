using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Sums of a warp, up to four fragments of 16 rows below each other and four of 8 columns side by side. Of a fragment, thread 4 g + t of the warp has rows g and
/// g + 8 of columns 2 t and 2 t + 1; of the factors it has words t and t + 4 of rows g and g + 8, and of column g.
/// </summary>
/// <remarks>
/// On NVIDIA's GPUs registers that are declared here by name, so that they never leave the register file: what an instruction changes ILGPU passes through
/// memory. On other devices memory that the threads of the group share, so that tests see the rest of a kernel work: every thread then passes every product.
/// </remarks>
internal struct WarpSums
{
    /// <summary>Words of memory that a group takes where there are no matrix units.</summary>
    public const int EmulatedWords = MostThreads * (Sums + Factors + Places);

    /// <summary>First factor of the columns.</summary>
    public const int Columns = 16;

    private const int MostThreads = 256;
    private const int Sums = 64;
    private const int Factors = Columns + 8;
    private const int Places = 6;

    private ArrayView<int> _memory;

    /// <summary>All sums 0. Once in a kernel, before any loop: it declares the registers.</summary>
    /// <param name="shared">The shared memory that factors are read from.</param>
    /// <param name="emulated"><see cref="EmulatedWords"/> for every group where there are no matrix units, else nothing.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe WarpSums Zero(ArrayView<Words> shared, ArrayView<int> emulated)
    {
        WarpSums sums = default;
        if (CudaAsm.IsSupported)
        {
            CudaAsm.Emit(".reg .f32 sum<64>; .reg .f32 part<4>; .reg .f32 zero; .reg .b32 row<16>; .reg .b32 rowRest<16>; .reg .b32 column<8>; "
                + ".reg .b32 columnRest<8>; .reg .b32 upper; .reg .u32 at<5>; .reg .u32 shared;");
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
                + "mov.f32 sum44, 0f00000000; mov.f32 sum45, 0f00000000; mov.f32 sum46, 0f00000000; mov.f32 sum47, 0f00000000; "
                + "mov.f32 sum48, 0f00000000; mov.f32 sum49, 0f00000000; mov.f32 sum50, 0f00000000; mov.f32 sum51, 0f00000000; "
                + "mov.f32 sum52, 0f00000000; mov.f32 sum53, 0f00000000; mov.f32 sum54, 0f00000000; mov.f32 sum55, 0f00000000; "
                + "mov.f32 sum56, 0f00000000; mov.f32 sum57, 0f00000000; mov.f32 sum58, 0f00000000; mov.f32 sum59, 0f00000000; "
                + "mov.f32 sum60, 0f00000000; mov.f32 sum61, 0f00000000; mov.f32 sum62, 0f00000000; mov.f32 sum63, 0f00000000;");
            // ILGPU's addresses of shared memory are those within it, not generic ones.
            fixed (Words* first = &shared[0])
                CudaAsm.Emit("cvt.u32.u64 shared, %0;", (nint)first);
        }
        else
        {
            sums._memory = emulated.SubView(Grid.IdxX * EmulatedWords, EmulatedWords);
            for (var i = 0; i < Sums; i++)
                sums._memory[i * MostThreads + Group.IdxX] = 0;
        }

        return sums;
    }

    /// <summary>Without matrix units: names one of up to six places to the warp.</summary>
    public readonly void Name(int place, int value) => _memory[(Sums + Factors + place) * MostThreads + Group.IdxX] = value;

    /// <summary>Without matrix units: a place that a thread of the warp has named.</summary>
    public readonly int Named(int place, int lane) => _memory[(Sums + Factors + place) * MostThreads + Group.IdxX / 32 * 32 + lane];

    /// <summary>Without matrix units: gives a factor to the warp. Those of row fragment i begin at 4 i, those of column fragment j at <see cref="Columns"/> + 2 j.</summary>
    public readonly void Give(int factor, int word) => _memory[(Sums + factor) * MostThreads + Group.IdxX] = word;

    /// <summary>Without matrix units: adds the products of the factors that were given, as the instructions do.</summary>
    public readonly void Multiply<TWords>(TWords words, int rowFragments, int columnFragments) where TWords : unmanaged, IMatrixWords
    {
        EmulatedWarp.Barrier();
        var (warp, g, t) = (Group.IdxX / 32 * 32, Group.IdxX % 32 / 4, Group.IdxX % 4);
        for (var i = 0; i < 4 * rowFragments * columnFragments; i++)
        {
            var (rows, columns) = (i / 4 / columnFragments, i / 4 % columnFragments);
            var (row, column) = (i % 4 / 2, 2 * t + i % 2);
            var sum = 0f;
            for (var k = 0; k < 8; k++)
            {
                var a = _memory[(Sums + 4 * rows + 2 * (k / 4) + row) * MostThreads + warp + 4 * g + k % 4];
                var b = _memory[(Sums + Columns + 2 * columns + k / 4) * MostThreads + warp + 4 * column + k % 4];
                sum += words.Product(a, b);
            }

            var at = (16 * rows + 4 * columns + i % 4) * MostThreads + Group.IdxX;
            _memory[at] = (int)Interop.FloatAsInt(Interop.IntAsFloat((uint)_memory[at]) + sum);
        }

        // All have read before anyone gives factors again.
        EmulatedWarp.Barrier();
    }

    /// <summary>Without matrix units: one of this thread's four sums of a pair of fragments.</summary>
    public readonly float At(int rowFragment, int columnFragment, int i) =>
        Interop.IntAsFloat((uint)_memory[(16 * rowFragment + 4 * columnFragment + i) * MostThreads + Group.IdxX]);
}
