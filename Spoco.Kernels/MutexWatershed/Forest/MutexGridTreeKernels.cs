using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>The kernels of the tree's first level over an image, on its implicit edges; see <see cref="MutexGridTreeHost"/>.</summary>
internal static class MutexGridTreeKernels
{
    /// <summary>A thread finds the strongest of all edges of a voxel.</summary>
    public static void Strongest(Index1D i, int attractive, ArrayView<MutexChannel> channels, ArrayView<float> priorities, MutexTreeView tree)
    {
        var voxels = channels[0].Voxels;
        var best = EdgeKey.None;
        var end = -1;
        for (var c = 0; c < attractive; c++)
        {
            var linear = channels[c].Linear;
            var at = (long)c * voxels + i.X;
            if (!EdgePriority.IsAbsent(priorities[at]) && EdgeKey.Of(priorities[at], (uint)at) is var key && key > best)
            {
                best = key;
                end = i.X + linear;
            }

            var start = i.X - linear;
            if (start < 0 || start >= voxels)
                continue;
            at -= linear;
            if (!EdgePriority.IsAbsent(priorities[at]) && EdgeKey.Of(priorities[at], (uint)at) is var other && other > best)
            {
                best = other;
                end = start;
            }
        }

        tree.Best[i] = best;
        tree.Hook[i] = end;
    }

    /// <summary>A thread puts the edges of sixteen neighbouring voxels of one attractive channel, whose ends are in different groups, into a strip.</summary>
    public static void Cut<TAtomics>(
        Index1D strip, ArrayView<MutexChannel> channels, ArrayView<float> priorities, MutexStripView strips, MutexTreeView tree, TAtomics atomics)
        where TAtomics : unmanaged, IKeyAtomics
    {
        var voxels = channels[0].Voxels;
        var perChannel = (voxels + MutexTreeKernels.Strip - 1) / MutexTreeKernels.Strip;
        var channel = strip.X / perChannel;
        var linear = channels[channel].Linear;
        var from = (strip.X - channel * perChannel) * MutexTreeKernels.Strip;
        var until = IntrinsicMath.Min(from + MutexTreeKernels.Strip, voxels);
        var kept = 0;
        for (var i = from; i < until; i++)
        {
            var at = (long)channel * voxels + i;
            if (EdgePriority.IsAbsent(priorities[at]) || tree.Parent[i] == tree.Parent[i + linear])
                continue;
            var edge = new MutexEdge(tree.Parent[i], tree.Parent[i + linear], EdgeKey.Of(priorities[at], (uint)at), 0);
            strips.Edges[(long)strip.X * MutexTreeKernels.Strip + kept++] = edge;
            atomics.Raise(tree.Best, edge.U, edge.Key, 0);
            atomics.Raise(tree.Best, edge.V, edge.Key, 0);
        }

        strips.Counts[strip] = kept;
    }
}
