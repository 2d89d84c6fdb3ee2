namespace Spoco.Kernels.Primitives;

/// <summary>
/// Transformed weights that are kept while the weights do not change: a prediction of many parts, slices or views transforms each of them once. Held by
/// several at once, they go when the last one lets go.
/// </summary>
/// <param name="host">Device.</param>
/// <param name="weights">The weights, which nobody may write meanwhile.</param>
/// <param name="bytes">Most bytes to keep; what does not fit is transformed anew every time.</param>
internal sealed unsafe class HeldWeights(HostDevice host, DeviceBuffer<float> weights, long bytes) : IDisposable
{
    private readonly Dictionary<Form, DeviceBuffer<float>> _kept = [];
    private long _left = bytes;
    private int _holders = 1;

    /// <summary>Whether a weight is among those that are held.</summary>
    public bool Has(float* weight) => weight >= weights.HostAddress && weight < weights.HostAddress + weights.Length;

    /// <summary>Whether these weights are held.</summary>
    public bool Holds(DeviceBuffer<float> others) => others.HostAddress == weights.HostAddress && others.Length == weights.Length;

    /// <summary>The transformed weight; null where it is not there.</summary>
    public float* Find(in Form form) => _kept.TryGetValue(form, out var found) ? found.HostAddress : null;

    /// <summary>Memory for a transformed weight, to be filled at once; null where there is no room.</summary>
    public float* Add(in Form form, long length)
    {
        var size = BufferPool.RoundUp(length * sizeof(float));
        if (size > _left)
            return null;
        var buffer = host.Allocate<float>(length, "transformed weights");
        _left -= size;
        _kept.Add(form, buffer);
        return buffer.HostAddress;
    }

    /// <summary>One more holder.</summary>
    /// <returns>The same.</returns>
    public HeldWeights Share()
    {
        _holders++;
        return this;
    }

    /// <summary>One holder less; the last one returns the memory.</summary>
    public void Dispose()
    {
        if (--_holders != 0)
            return;
        host.LetGo(this);
        foreach (var buffer in _kept.Values)
            buffer.Memory.Dispose();
        _kept.Clear();
    }

    /// <summary>What a transformed weight depends on beside its values.</summary>
    /// <param name="Weight">Address of the weight.</param>
    /// <param name="Results">Results of a tile.</param>
    /// <param name="UpD">Whether the second tensor is enlarged along the slices.</param>
    /// <param name="UpPlane">Whether it is enlarged in the plane.</param>
    /// <param name="FirstTerms">Channels of the first tensor.</param>
    /// <param name="Lanes">Floats of a vector.</param>
    internal readonly record struct Form(nint Weight, int Results, bool UpD, bool UpPlane, int FirstTerms, int Lanes);
}
