namespace Spoco.Kernels.Primitives;

/// <summary>What has been joined so far: edges, the component of every point, and what nodes of the tree know of the points below them.</summary>
internal sealed unsafe class ReachabilityForest
{
    /// <summary>The component of a node below which there are several.</summary>
    public const int Several = -1;

    private readonly int* _parents;
    private int _edges;

    /// <summary>A forest of single points.</summary>
    /// <param name="tree">The points.</param>
    /// <param name="cores">[slots]: squared core distances.</param>
    /// <param name="scratch">Memory.</param>
    public ReachabilityForest(PointTree tree, float* cores, HostScratch scratch)
    {
        Tree = tree;
        Cores = cores;
        LeastCore = scratch.Take<float>(tree.Nodes);
        LeastNumber = scratch.Take<int>(tree.Nodes);
        NodeComponents = scratch.Take<int>(tree.Nodes);
        Component = scratch.Take<int>(tree.Slots);
        Denser = scratch.Take<int>(tree.Slots);
        DenserDistance = scratch.Take<float>(tree.Slots);
        _parents = scratch.Take<int>(tree.Slots);
        Edges = new ReachabilityEdge[tree.Count - 1];
        for (var node = tree.Nodes - 1; node >= 0; node--)
        {
            if (tree.NodeLeaves[node] == 1)
            {
                var first = tree.FirstLeaf[node] * PointTree.LeafPoints;
                LeastNumber[node] = tree.Numbers[first];
                LeastCore[node] = float.PositiveInfinity;
                for (var slot = first; slot < first + PointTree.LeafPoints; slot++)
                    LeastCore[node] = Math.Min(LeastCore[node], cores[slot]);
            }
            else
            {
                LeastCore[node] = Math.Min(LeastCore[node + 1], LeastCore[tree.SecondChild(node)]);
                LeastNumber[node] = Math.Min(LeastNumber[node + 1], LeastNumber[tree.SecondChild(node)]);
            }
        }
    }

    /// <summary>The points.</summary>
    public PointTree Tree { get; }

    /// <summary>[slots]: squared core distances.</summary>
    public float* Cores { get; }

    /// <summary>[nodes]: the least of the squared core distances below each node.</summary>
    public float* LeastCore { get; }

    /// <summary>[nodes]: the least number of the points below each node.</summary>
    public int* LeastNumber { get; }

    /// <summary>[slots]: the slot of the nearest neighbour within the core distance that is as dense or denser; -1 = there is none.</summary>
    public int* Denser { get; }

    /// <summary>[slots]: its squared distance.</summary>
    public float* DenserDistance { get; }

    /// <summary>[slots]: number of the component of each point, from 0 on; <see cref="Several"/> where there is no point.</summary>
    public int* Component { get; }

    /// <summary>[nodes]: the component of all points below each node, or <see cref="Several"/>.</summary>
    public int* NodeComponents { get; }

    /// <summary>How many components there are.</summary>
    public int Components { get; private set; }

    /// <summary>[components]: the first edge that leaves each, set by a round.</summary>
    public ReachabilityEdge[] First { get; private set; } = [];

    /// <summary>The edges found so far, and room for the rest.</summary>
    public ReachabilityEdge[] Edges { get; }

    /// <summary>
    /// Joins every point to its denser neighbour: by the first of its edges, for none has a smaller reachability than its core distance. First edges form no circle, but two points may have
    /// the same one.
    /// </summary>
    public void JoinDenser()
    {
        for (var slot = 0; slot < Tree.Slots; slot++)
        {
            var denser = Tree.Numbers[slot] < 0 ? -1 : Denser[slot];
            _parents[slot] = slot;
            if (denser < 0 || (Denser[denser] == slot && slot < denser))
                continue;
            _parents[slot] = denser;
            Edges[_edges++] = ReachabilityEdge.Between(Cores[slot], DenserDistance[slot], Tree.Numbers[slot], Tree.Numbers[denser]);
        }

        Components = 0;
        for (var slot = 0; slot < Tree.Slots; slot++)
        {
            Component[slot] = Several;
            if (Tree.Numbers[slot] >= 0 && _parents[slot] == slot)
                Component[slot] = Components++;
        }

        for (var slot = 0; slot < Tree.Slots; slot++)
        {
            if (Tree.Numbers[slot] >= 0)
                Component[slot] = Component[Root(_parents, slot)];
        }

        First = new ReachabilityEdge[Components];
    }

    /// <summary>Writes <see cref="NodeComponents"/>.</summary>
    public void NameNodes()
    {
        for (var node = Tree.Nodes - 1; node >= 0; node--)
        {
            int name;
            if (Tree.NodeLeaves[node] == 1)
            {
                var slot = Tree.FirstLeaf[node] * PointTree.LeafPoints;
                name = Component[slot];
                for (var p = 1; p < Tree.LeafCount(Tree.FirstLeaf[node]); p++)
                    name = Component[slot + p] == name ? name : Several;
            }
            else
            {
                name = NodeComponents[node + 1];
                name = NodeComponents[Tree.SecondChild(node)] == name ? name : Several;
            }

            NodeComponents[node] = name;
        }
    }

    /// <summary>Takes the first edge of each component from those of its points: [slots] reachability, distance and number of the other end, -1 = none.</summary>
    public void TakeFirst(float* reachabilities, float* distances, int* numbers)
    {
        var known = new bool[Components];
        for (var slot = 0; slot < Tree.Slots; slot++)
        {
            if (Component[slot] == Several || numbers[slot] < 0)
                continue;
            var edge = ReachabilityEdge.Between(reachabilities[slot], distances[slot], Tree.Numbers[slot], numbers[slot]);
            ref var first = ref First[Component[slot]];
            if (!known[Component[slot]] || edge.CompareTo(first) < 0)
                (first, known[Component[slot]]) = (edge, true);
        }
    }

    /// <summary>Joins components along the first edges that leave them, each edge once, and numbers what comes of them.</summary>
    public void JoinNearest()
    {
        var parents = _parents;
        for (var c = 0; c < Components; c++)
            parents[c] = c;
        var slots = SlotsOfNumbers();
        for (var c = 0; c < Components; c++)
        {
            var edge = First[c];
            int u = Root(parents, Component[slots[edge.U]]), v = Root(parents, Component[slots[edge.V]]);
            if (u == v)
                continue;
            parents[Math.Max(u, v)] = Math.Min(u, v);
            Edges[_edges++] = edge;
        }

        var names = new int[Components];
        var count = 0;
        for (var c = 0; c < Components; c++)
        {
            var root = Root(parents, c);
            names[c] = root == c ? count++ : names[root];
        }

        for (var slot = 0; slot < Tree.Slots; slot++)
        {
            if (Component[slot] >= 0)
                Component[slot] = names[Component[slot]];
        }

        Components = count;
    }

    private int[]? _slotsOfNumbers;

    private int[] SlotsOfNumbers()
    {
        if (_slotsOfNumbers is null)
        {
            _slotsOfNumbers = new int[Tree.Count];
            for (var slot = 0; slot < Tree.Slots; slot++)
            {
                if (Tree.Numbers[slot] >= 0)
                    _slotsOfNumbers[Tree.Numbers[slot]] = slot;
            }
        }

        return _slotsOfNumbers;
    }

    /// <summary>The root of a node; halves the path.</summary>
    private static int Root(int* parents, int node)
    {
        while (parents[node] != node)
        {
            parents[node] = parents[parents[node]];
            node = parents[node];
        }

        return node;
    }
}
