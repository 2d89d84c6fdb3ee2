using Spoco.Engine.Ops;
using Spoco.Kernels;

namespace Spoco.Engine.Networks;

/// <summary>
/// The critic of the adversarial option (paper A.1, Table 4): blocks of a convolution of size 3 with bias, LeakyReLU and max pooling by 2, without any norm;
/// then one dense layer to a score, large for masks that look like true objects. Made of operations whose gradients can be differentiated again.
/// </summary>
public sealed class Critic : IDisposable
{
    private readonly (Tensor Weight, Tensor Bias)[] _blocks;
    private readonly (Tensor Weight, Tensor Bias) _dense;

    /// <summary>Makes a critic with undefined (zero) parameters: <see cref="ParameterStore.Initialise"/> or a checkpoint fills them.</summary>
    /// <param name="device">Where it is to live.</param>
    /// <param name="options">The architecture.</param>
    /// <exception cref="ArgumentException">The options break a rule.</exception>
    public Critic(ComputeDevice device, CriticOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        Parameters = new ParameterStore(device, Specs(options));
        _blocks = [.. options.FeatureMaps.Select((_, i) => Arrays(BlockName(i)))];
        _dense = Arrays(DenseName);

        (Tensor, Tensor) Arrays(string name) => (Parameters[$"{name}.weight"], Parameters[$"{name}.bias"]);
    }

    /// <summary>The architecture.</summary>
    public CriticOptions Options { get; }

    /// <summary>The parameters and their gradients.</summary>
    public ParameterStore Parameters { get; }

    private static string DenseName => "dense";

    /// <summary>
    /// The arrays of a critic, named after a sequence of convolution, activation and pooling. The dense weight is stored as the convolution weight
    /// [1, C, (D,) H, W], the order in which PyTorch flattens.
    /// </summary>
    public static IReadOnlyList<ParameterSpec> Specs(CriticOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var specs = new List<ParameterSpec>();
        var inputs = 1;
        var depth = options.Dimensions == 3 ? 3 : 1;
        for (var i = 0; i < options.FeatureMaps.Count; i++)
        {
            Add(BlockName(i), new WeightShape(depth, 3, 3, inputs, options.FeatureMaps[i]));
            inputs = options.FeatureMaps[i];
        }

        var coarsest = options.Coarsest;
        Add(DenseName, new WeightShape(coarsest.D, coarsest.H, coarsest.W, coarsest.C, 1));
        return specs;

        void Add(string name, WeightShape weight)
        {
            var fanIn = checked((int)(weight.Count / weight.Outputs));
            specs.Add(new ParameterSpec($"{name}.weight", weight, ParameterKind.ConvolutionWeight, fanIn));
            specs.Add(new ParameterSpec($"{name}.bias", TensorShape.Vector(weight.Outputs), ParameterKind.Bias, fanIn));
        }
    }

    /// <summary>D(mask) of every mask: the higher, the more it looks like a labelled object.</summary>
    /// <param name="masks">[N, D, H, W, 1] with the extents of <see cref="CriticOptions.Patch"/>.</param>
    /// <param name="trained">Whether the critic's parameters get gradients; false where only the masks' are wanted.</param>
    /// <returns>[N, 1, 1, 1, 1].</returns>
    /// <exception cref="ArgumentException">The masks have other extents.</exception>
    public Tensor Forward(Tensor masks, bool trained = true)
    {
        ArgumentNullException.ThrowIfNull(masks);
        if (masks.Shape with { N = 1 } != Options.Patch)
            throw new ArgumentException($"Critic: masks are {Options.Patch with { N = masks.Shape.N }}, got {masks.Shape}.");
        var x = masks;
        foreach (var (weight, bias) in _blocks)
            x = MaxPool.Apply(Convolution.Apply(x, Of(weight), Of(bias), activation: ActivationFunction.LeakyRelu(Options.Slope)), Options.Window);
        var dense = Of(_dense.Weight);
        return Dense.Apply(x, Reshape.Apply(dense, new TensorShape(1, 1, 1, (int)dense.Shape.Count, 1)), Of(_dense.Bias));

        Tensor Of(Tensor parameter) => trained ? parameter : parameter.Detach();
    }

    /// <inheritdoc/>
    public void Dispose() => Parameters.Dispose();

    /// <summary>A block is three modules: convolution, activation, pooling.</summary>
    private static string BlockName(int block) => $"body.{3 * block}";
}
