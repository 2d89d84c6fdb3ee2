namespace Spoco.Engine.Segmentation;

/// <summary>Union-find over 0 .. n - 1; the smallest member is the root, so that numbering by root is numbering by first voxel.</summary>
internal readonly struct DisjointSets
{
    private readonly int[] _parent;

    public DisjointSets(int count)
    {
        _parent = new int[count];
        for (var i = 0; i < count; i++)
            _parent[i] = i;
    }

    public int Find(int node)
    {
        while (_parent[node] != node)
            node = _parent[node] = _parent[_parent[node]];
        return node;
    }

    public void Union(int u, int v)
    {
        (u, v) = (Find(u), Find(v));
        _parent[Math.Max(u, v)] = Math.Min(u, v);
    }
}
