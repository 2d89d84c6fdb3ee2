using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Copies of sixteen bytes from global to shared memory that a thread does not wait for: three are under way. On NVIDIA's GPUs <c>cp.async</c>, through the
/// first-level cache: groups of a multiprocessor copy the same. On others they are made as late as they may be, so that a missing wait shows.
/// </summary>
internal struct CopyQueue
{
    private int _to0, _from0, _to1, _from1, _to2, _from2;

    /// <summary>Nothing under way.</summary>
    public static CopyQueue Empty()
    {
        CopyQueue queue;
        (queue._to0, queue._from0, queue._to1, queue._from1, queue._to2, queue._from2) = (-1, 0, -1, 0, -1, 0);
        return queue;
    }

    /// <summary>Starts a copy, or none where <paramref name="to"/> is negative, which takes a place in the queue all the same.</summary>
    /// <param name="target">Shared memory, that of the <see cref="WarpTile"/>, which was begun before.</param>
    /// <param name="to">Vector of it.</param>
    /// <param name="source">Global memory.</param>
    /// <param name="from">Vector of it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void Put(ArrayView<Words> target, int to, ArrayView<Words> source, int from)
    {
        if (!CudaAsm.IsSupported)
        {
            (_to0, _from0, _to1, _from1, _to2, _from2) = (_to1, _from1, _to2, _from2, to, from);
            return;
        }

        if (to >= 0)
        {
            fixed (Words* at = &source[from])
                CudaAsm.Emit("{ .reg .u64 from; cvta.to.global.u64 from, %1; add.u32 at0, shared, %0; cp.async.ca.shared.global [at0], [from], 16; }", 16 * to, (nint)at);
        }

        CudaAsm.Emit("cp.async.commit_group;");
    }

    /// <summary>Waits for the oldest of three copies. Others see it behind a barrier.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Take(ArrayView<Words> target, ArrayView<Words> source)
    {
        if (CudaAsm.IsSupported)
        {
            CudaAsm.Emit("cp.async.wait_group 2;");
            return;
        }

        if (_to0 >= 0)
            target[_to0] = source[_from0];
        _to0 = -1;
    }
}
