using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>The tree's first level over an image on the host, on its implicit edges; on devices: <see cref="MutexGridTreeKernels"/>.</summary>
/// <param name="grid">The graph.</param>
/// <param name="priorities">[C, D, H, W]; NaN where there is no edge.</param>
/// <param name="tree">The tree.</param>
internal sealed unsafe class MutexGridTreeHost(MutexGrid grid, float* priorities, MutexTreeHost tree)
{
    private readonly int _voxels = grid.Voxels;
    private readonly ulong* _best = tree.Best;
    private readonly int* _hook = tree.Spare;

    /// <summary>Finds the strongest edge of each voxel, and its other end.</summary>
    public void StrongestOfVoxels(int from, int until)
    {
        var lanes = Vector<float>.Count;
        var reach = 0;
        for (var c = 0; c < grid.Attractive; c++)
            reach = Math.Max(reach, Math.Abs(grid.Linear[c]));
        for (var i = from; i < until;)
        {
            if (i >= reach && i <= Math.Min(until, _voxels - reach) - lanes)
            {
                StrongestOfSeveral(i);
                i += lanes;
                continue;
            }

            var (best, edge, end) = (float.NegativeInfinity, 0u, -1);
            for (var c = 0; c < grid.Attractive; c++)
            {
                var channel = priorities + (long)c * _voxels;
                var linear = grid.Linear[c];
                var id = (uint)((long)c * _voxels + i);
                var p = channel[i];
                if (p > best || (p == best && id < edge))
                    (best, edge, end) = (p, id, i + linear);
                var start = i - linear;
                if ((uint)start >= (uint)_voxels)
                    continue;
                p = channel[start];
                id = (uint)((long)c * _voxels + start);
                if (p > best || (p == best && id < edge))
                    (best, edge, end) = (p, id, start);
            }

            _best[i] = end < 0 ? EdgeKey.None : EdgeKey.Of(best, edge);
            _hook[i++] = end;
        }
    }

    // The same for a vector of voxels, none of whose edges starts outside the image's memory: which edge is the strongest cannot be foreseen.
    private void StrongestOfSeveral(int first)
    {
        var best = new Vector<float>(float.NegativeInfinity);
        var edge = Vector<uint>.Zero;
        var end = -Vector<int>.One;
        for (var c = 0; c < grid.Attractive; c++)
        {
            var linear = grid.Linear[c];
            Take(first, first + linear);
            Take(first - linear, first - linear);

            void Take(int start, int other)
            {
                var p = Vector.Load(priorities + (long)c * _voxels + start);
                var id = new Vector<uint>((uint)((long)c * _voxels + start)) + Vector<uint>.Indices;
                var earlier = Vector.GreaterThan(p, best) | (Vector.Equals(p, best) & Vector.LessThan(id, edge).As<uint, int>());
                best = Vector.ConditionalSelect(earlier, p, best);
                edge = Vector.ConditionalSelect(earlier.As<int, uint>(), id, edge);
                end = Vector.ConditionalSelect(earlier, new Vector<int>(other) + Vector<int>.Indices, end);
            }
        }

        end.Store(_hook + first);
        for (var lane = 0; lane < Vector<float>.Count; lane++)
            _best[first + lane] = end[lane] < 0 ? EdgeKey.None : EdgeKey.Of(best[lane], edge[lane]);
    }

    /// <summary>Lists the edges whose ends are in different groups of the first level, and raises these groups' keys.</summary>
    public void EdgesBetweenGroups(MutexTreeEdgesHost segments, int segment)
    {
        var (from, until) = segments.Split(segment, _voxels);
        var parent = tree.Parent;
        var best = _best;
        var edges = segments.Edges + from * grid.Attractive;
        var count = 0;
        for (var c = 0; c < grid.Attractive; c++)
        {
            var channel = priorities + (long)c * _voxels;
            var linear = grid.Linear[c];
            for (var i = (int)from; i < until; i++)
            {
                if (float.IsNaN(channel[i]))
                    continue;
                var (u, v) = (parent[i], parent[i + linear]);
                if (u == v)
                    continue;
                var key = EdgeKey.Of(channel[i], (uint)((long)c * _voxels + i));
                edges[count++] = new MutexEdge(u, v, key, 0);
                KeyAtomicsHost.Raise(best + u, key);
                KeyAtomicsHost.Raise(best + v, key);
            }
        }

        segments.Set(segment, from * grid.Attractive, count);
    }
}
