using Spoco.Engine.Networks;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Training;

/// <summary>
/// The running statistics of a network as the last accepted step left them: a forward pass in training writes new ones before it is known whether the
/// step is any good.
/// </summary>
internal sealed class AcceptedStatistics : IDisposable
{
    private readonly DeviceBuffer<float> _current;
    private readonly DeviceBuffer<float> _kept;

    public AcceptedStatistics(ParameterStore parameters)
    {
        _current = parameters.Statistics;
        if (_current.Length > 0)
            _kept = parameters.Device.Allocate<float>(_current.Length, "running statistics");
    }

    /// <summary>Whether all that the last forward pass wrote are finite numbers.</summary>
    public bool AreFinite => _kept.IsNull || !Primitives.Reduction.HasNonFinite(_current);

    /// <summary>Notes on the device whether they are not: launched, and not waited for.</summary>
    /// <param name="found">Becomes 1 where one is not.</param>
    public void Examine(DeviceBuffer<int> found)
    {
        if (!_kept.IsNull)
            Primitives.Reduction.NoteNonFinite(_current, found);
    }

    /// <summary>Keeps them as they are.</summary>
    public void Keep()
    {
        if (!_kept.IsNull)
            _current.CopyTo(_kept);
    }

    /// <summary>Makes them what they were at <see cref="Keep"/>.</summary>
    public void Restore()
    {
        if (!_kept.IsNull)
            _kept.CopyTo(_current);
    }

    public void Dispose()
    {
        if (!_kept.IsNull)
            _kept.Memory.Dispose();
    }
}
