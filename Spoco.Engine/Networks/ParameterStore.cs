using Spoco.Kernels;

namespace Spoco.Engine.Networks;

/// <summary>
/// The parameters of a network side by side in one buffer, their gradients in a second and the running statistics in a third:
/// the optimiser, the momentum update and an all-reduce each are one sweep over one range of memory.
/// </summary>
public sealed class ParameterStore : IDisposable
{
    /// <summary>Every array starts on a 64-byte boundary: 16 floats.</summary>
    private const int Alignment = 16;

    private readonly Dictionary<string, Tensor> _byName;
    private readonly Holdings _holdings;

    /// <summary>Takes memory for <paramref name="specs"/>; trained values, gradients and statistics start as zeros.</summary>
    /// <param name="device">Where the network is to live.</param>
    /// <param name="specs">The arrays; names must differ.</param>
    /// <param name="withGradients">False for a network that is never trained: no memory is taken for gradients.</param>
    public ParameterStore(ComputeDevice device, IReadOnlyList<ParameterSpec> specs, bool withGradients = true)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(specs);
        Device = device;
        Specs = specs;
        using var holdings = new Holdings();
        Values = holdings.AllocateCleared<float>(device, Extent(specs.Where(s => s.IsTrained)), "parameters");
        Statistics = holdings.AllocateCleared<float>(device, Extent(specs.Where(s => !s.IsTrained)), "running statistics");
        if (withGradients)
            Gradients = holdings.AllocateCleared<float>(device, Values.Length, "gradients");

        _byName = new Dictionary<string, Tensor>(specs.Count);
        var offsets = new List<(ParameterSpec, long)>(specs.Count);
        long trained = 0, statistic = 0;
        foreach (var spec in specs)
        {
            ref var offset = ref spec.IsTrained ? ref trained : ref statistic;
            var tensor = Tensor.Wrap((spec.IsTrained ? Values : Statistics).Slice(offset, spec.Shape.Count), spec.Shape);
            if (spec.IsTrained && withGradients)
                tensor.WithGradient().Gradient = Tensor.Wrap(Gradients.Slice(offset, spec.Shape.Count), spec.Shape);
            _byName.Add(spec.Name, tensor);
            if (spec.IsTrained)
                offsets.Add((spec, offset));
            offset += RoundUp(spec.Shape.Count);
        }

        TrainedOffsets = offsets;
        if (withGradients)
            GradientsAreZero();
        _holdings = holdings.Share();
    }

    /// <summary>Where the parameters live.</summary>
    public ComputeDevice Device { get; }

    /// <summary>The arrays, in the order of the reference's state_dict.</summary>
    public IReadOnlyList<ParameterSpec> Specs { get; }

    /// <summary>All trained values, zeros between them where alignment leaves gaps.</summary>
    public DeviceBuffer<float> Values { get; }

    /// <summary>
    /// Gradients of <see cref="Values"/>, position by position; without memory for a network that is never trained. A backward pass adds to them; the first one
    /// after a step of the optimiser, which sets them to zero, may overwrite them.
    /// </summary>
    public DeviceBuffer<float> Gradients { get; }

    /// <summary>The running means and variances of all batch norms, one after another.</summary>
    public DeviceBuffer<float> Statistics { get; }

    /// <summary>Number of trained values.</summary>
    public long TrainedCount => Specs.Where(s => s.IsTrained).Sum(s => s.Shape.Count);

    /// <summary>Where each trained array begins in <see cref="Values"/> and <see cref="Gradients"/>.</summary>
    internal IReadOnlyList<(ParameterSpec Spec, long Offset)> TrainedOffsets { get; }

    /// <summary>The array that is called so in <see cref="Specs"/>.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Tensor this[string name] => _byName.TryGetValue(name, out var tensor)
        ? tensor
        : throw new KeyNotFoundException($"ParameterStore: the network has no array '{name}'.");

    /// <summary>
    /// Draws the initial values as PyTorch does: convolution weights and biases uniform in +-1 / sqrt(fan-in) (Kaiming-uniform with a = sqrt 5),
    /// norms 1 and 0. He et al. 2015, arXiv 1502.01852.
    /// </summary>
    /// <param name="seed">Same seed, same values, on every device.</param>
    public void Initialise(long seed)
    {
        for (var i = 0; i < Specs.Count; i++)
        {
            var spec = Specs[i];
            var values = new float[spec.Shape.Count];
            if (spec.Kind is ParameterKind.ConvolutionWeight or ParameterKind.Bias)
            {
                var random = RandomSource.ForIndex(seed, 0, i);
                var bound = 1 / Math.Sqrt(spec.FanIn);
                for (var j = 0; j < values.Length; j++)
                    values[j] = (float)((2 * random.NextDouble() - 1) * bound);
            }
            else if (spec.Kind is ParameterKind.Scale or ParameterKind.RunningVariance)
            {
                Array.Fill(values, 1f);
            }

            this[spec.Name].Buffer.CopyFrom(values);
        }
    }

    /// <summary>Copies values and running statistics from a network of the same architecture on the same device.</summary>
    public void CopyFrom(ParameterStore other)
    {
        ArgumentNullException.ThrowIfNull(other);
        other.Values.CopyTo(Values);
        other.Statistics.CopyTo(Statistics);
    }

    /// <summary>Says that all gradients have just been set to zero: the next ones may be written over them.</summary>
    internal void GradientsAreZero()
    {
        foreach (var (spec, _) in TrainedOffsets)
            this[spec.Name].GradientIsZero = true;
    }

    /// <summary>
    /// Declares the values constant until the result is disposed: what the device makes of the weights (transforms, on the <c>cpu</c>) is then made once for
    /// all forward passes between.
    /// </summary>
    /// <param name="bytes">Most bytes of the device that it may take.</param>
    internal IDisposable? Hold(long bytes = 256 << 20) => Device.HoldWeights(Values, bytes);

    /// <summary>Returns the memory to the pool.</summary>
    public void Dispose() => _holdings.Dispose();

    private static long RoundUp(long count) => (count + Alignment - 1) / Alignment * Alignment;

    private static long Extent(IEnumerable<ParameterSpec> specs) => specs.Sum(s => RoundUp(s.Shape.Count));
}
