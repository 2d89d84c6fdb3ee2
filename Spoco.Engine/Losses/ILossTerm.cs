namespace Spoco.Engine.Losses;

/// <summary>
/// A further term of a loss: any differentiable function of a network's output, written with <see cref="Ops"/>. It is added to the others with its weight, and reported with them
/// (<see cref="SpocoLossResult.Further"/>).
/// <code>
/// public Tensor? Apply(Tensor output, LabelBatch labels) => Reduction.Mean(AxisSum.OverChannels(Elementwise.Multiply(output, output)));      // mean of |e|^2
/// </code>
/// </summary>
public interface ILossTerm
{
    /// <summary>The name under which results and errors report it.</summary>
    string Name { get; }

    /// <summary>Its factor in the sum; finite.</summary>
    float Weight { get; }

    /// <summary>Its value for a batch, without its weight.</summary>
    /// <param name="output">Output of f, [N, D, H, W, C].</param>
    /// <param name="labels">[N, D, H, W].</param>
    /// <returns>A scalar on the output's device, recorded where the output is; null: it has nothing to say of this batch.</returns>
    Tensor? Apply(Tensor output, LabelBatch labels);
}
