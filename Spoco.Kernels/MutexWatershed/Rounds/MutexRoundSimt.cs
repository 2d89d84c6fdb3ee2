namespace Spoco.Kernels.Primitives;

/// <summary>One round on an ILGPU device: forest, exclusions, contraction; see <see cref="MutexRoundHost"/>. The number of clusters stays there.</summary>
/// <param name="scratch">Memory.</param>
/// <param name="numbers">What is counted.</param>
/// <param name="phase">Told what has been done.</param>
internal readonly struct MutexRoundSimt<TAtomics>(DeviceScratch scratch, MutexNumbers numbers, Action<string> phase) where TAtomics : unmanaged, IKeyAtomics
{
    /// <summary>The first round, on the implicit graph of an image.</summary>
    public void Contract(MutexGrid grid, DeviceBuffer<MutexChannel> channels, DeviceBuffer<float> priorities, DeviceBuffer<byte> mask, DeviceBuffer<int> map)
    {
        var tree = new MutexTreeSimt<TAtomics>(scratch, numbers, grid.Voxels);
        tree.Grow(grid.Attractive, channels, priorities);
        phase("forest");
        var contraction = new MutexContractionSimt<TAtomics>(scratch, tree);
        MutexGridExclusionsSimt.Commit<TAtomics>(scratch.Gpu, grid, channels, priorities, tree.View, contraction.View);
        phase("exclusions");
        contraction.Contract(channels, mask, map, numbers);
        tree.Release();
        phase("contraction");
    }

    /// <summary>A later round, on a list of pairs. Returns the memory of the pairs.</summary>
    public void Contract(int nodes, DeviceBuffer<MutexEdge> attractive, DeviceBuffer<MutexEdge> exclusions, MutexPairsSimt pairs, DeviceBuffer<int> map)
    {
        var tree = new MutexTreeSimt<TAtomics>(scratch, numbers, nodes);
        tree.Grow(attractive);
        phase("later forests");
        var contraction = new MutexContractionSimt<TAtomics>(scratch, tree);
        MutexListExclusionsSimt.Commit<TAtomics>(scratch.Gpu, exclusions, attractive, tree.View, contraction.View, pairs.View);
        phase("later exclusions");
        contraction.Contract(attractive, scratch.Take<byte>(0), map, numbers);
        tree.Release();
        pairs.Release();
        phase("later contractions");
    }
}
