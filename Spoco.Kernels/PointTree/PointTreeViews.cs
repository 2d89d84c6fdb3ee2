namespace Spoco.Kernels.Primitives;

/// <summary>A <see cref="PointTree"/> where a device reads it: as it lies on the host, or copied to an ILGPU device.</summary>
internal sealed class PointTreeViews : IDisposable
{
    private readonly DeviceScratch? _scratch;

    /// <summary>Makes a tree readable by a device.</summary>
    /// <param name="tree">The tree; stays the caller's.</param>
    /// <param name="device">The host that it lies on, or an ILGPU device.</param>
    public unsafe PointTreeViews(PointTree tree, ComputeDevice device)
    {
        Host = tree;
        Device = device;
        if (device.Capabilities.OnHost)
            return;
        _scratch = DeviceScratch.On(device, nameof(PointTree));
        try
        {
            Tiles = _scratch.Upload(new ReadOnlySpan<float>(tree.Tiles, tree.Slots * tree.Dimensions));
            Numbers = _scratch.Upload(new ReadOnlySpan<int>(tree.Numbers, tree.Slots));
            Boxes = _scratch.Upload(new ReadOnlySpan<float>(tree.Boxes, 2 * tree.Nodes * tree.BoxStride));
            NodeLeaves = _scratch.Upload(new ReadOnlySpan<int>(tree.NodeLeaves, tree.Nodes));
            FirstLeaves = _scratch.Upload(new ReadOnlySpan<int>(tree.FirstLeaf, tree.Nodes));
        }
        catch
        {
            _scratch.Dispose();
            throw;
        }
    }

    /// <summary>The tree on the host.</summary>
    public PointTree Host { get; }

    /// <summary>The device that reads it.</summary>
    public ComputeDevice Device { get; }

    /// <summary>Its geometry.</summary>
    public PointTreeShape Shape => Host.Shape;

    /// <summary>The tree as kernels see it.</summary>
    public PointTreeView View => new(Shape, Tiles.View, Numbers.View, Boxes.View, NodeLeaves.View, FirstLeaves.View);

    /// <summary><see cref="PointTree.Tiles"/> on the device; null on the host.</summary>
    public DeviceBuffer<float> Tiles { get; }

    /// <summary><see cref="PointTree.Numbers"/> on the device; null on the host.</summary>
    public DeviceBuffer<int> Numbers { get; }

    /// <summary><see cref="PointTree.Boxes"/> on the device; null on the host.</summary>
    public DeviceBuffer<float> Boxes { get; }

    /// <summary><see cref="PointTree.NodeLeaves"/> on the device; null on the host.</summary>
    public DeviceBuffer<int> NodeLeaves { get; }

    private DeviceBuffer<int> FirstLeaves { get; }

    /// <inheritdoc/>
    public void Dispose() => _scratch?.Dispose();
}
