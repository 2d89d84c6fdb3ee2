using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Losses;

/// <summary>
/// L_obj by affinities (A.1): 1/K sum over K random offsets of the Dice of 1 - affinity and the labels' borders, the affinity being (max(2 delta_d - |e_i - e_j|, 0) / (2 delta_d))^2. Stages its
/// offsets; values and gradient are <see cref="Primitives.AffinityLoss"/>'s.
/// </summary>
internal sealed class AffinityTerm(SpocoLossOptions options, int seed, IReadOnlyList<PixelOffset[]>? given) : LossTerm((int)CentreTerm.Instance, options.InstanceWeight)
{
    private DeviceBuffer<PixelOffset> _offsets;

    /// <inheritdoc/>
    public override void Stage(LossContext context) =>
        _offsets = context.Upload<PixelOffset>(given is null ? Draw(context.Embeddings.Shape) : [.. given.SelectMany(o => o)]);

    /// <inheritdoc/>
    public override void Evaluate(LossContext context)
    {
        var inputs = new AffinityLossInputs
        {
            Shape = context.Embeddings.Shape, Channels = context.Layout.Channels, Embeddings = context.Embeddings.Buffer, Owners = context.Segments.Owners,
            Offsets = _offsets, Reach = 2 * options.PushMargin,
        };
        var factors = context.Allocate<float>(2 * _offsets.Length);
        Primitives.AffinityLoss.Evaluate(inputs, Weight, context.ValuesOf(Column), factors);
        if (!context.Gradient.IsNull)
            Primitives.AffinityLoss.AddGradient(inputs, factors, context.Gradient);
    }

    private PixelOffset[] Draw(TensorShape shape)
    {
        var random = new RandomSource(seed);
        var offsets = new PixelOffset[shape.N * options.AffinityOffsets];
        for (var o = 0; o < offsets.Length; o++)
            offsets[o] = new PixelOffset(Step(shape.D), Step(shape.H), Step(shape.W));
        return offsets;

        int Step(int extent) => extent > 1 ? -1 - random.NextInt(options.AffinityRange) : 0;
    }
}
