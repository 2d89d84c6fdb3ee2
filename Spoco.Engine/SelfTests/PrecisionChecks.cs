using Spoco.Engine.Ops;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.SelfTests;

/// <summary>
/// Convolutions in matrix units, in every <see cref="Precision"/>. The host is given factors that are rounded already and computes in single precision, so that
/// what is left is the rounding of sums and, where three products stand for one, 1.25 2^-20 of each; both are far below 2^-11, the rounding of a factor. A device
/// that rounds otherwise than it should is found.
/// </summary>
internal static class PrecisionChecks
{
    private const double Sums = 5e-5;

    /// <summary>Factors, results and their gradients rounded to 2^-9 each, where errors of many terms add up.</summary>
    private const double Storage = 0.02;

    public static IEnumerable<SelfCheck> All()
    {
        foreach (var precision in Enum.GetValues<Precision>())
        {
            yield return Of(precision, new(1, 1, 5, 9, 3), new(1, 3, 3, 3, 16), (0, 1, 1));
            yield return Of(precision, new(1, 3, 3, 5, 20), new(3, 1, 3, 20, 33), (1, 0, 1));
            yield return Of(precision, new(4, 1, 64, 60, 16), new(1, 3, 3, 16, 32), (0, 1, 1)) with { IsLarge = true };
            yield return Of(precision, new(1, 9, 33, 31, 32), new(3, 3, 3, 32, 64), (1, 1, 1)) with { IsLarge = true };
            yield return Of(precision, new(2, 1, 14, 14, 257), new(1, 3, 3, 257, 255), (0, 1, 1)) with { IsLarge = true };
            yield return Of(precision, new(2, 4, 33, 31, 96), new(1, 1, 1, 96, 17), (0, 0, 0)) with { IsLarge = true };
            yield return Of(precision, new(1, 1, 200, 203, 3), new(1, 5, 7, 3, 24), (0, 2, 3)) with { IsLarge = true };
        }

        yield return Stored(new(1, 1, 6, 8, 8), new(1, 1, 3, 4, 16), 16);
        yield return Stored(new(2, 6, 32, 28, 32), new(2, 3, 16, 14, 64), 64) with { IsLarge = true };
    }

    private static SelfCheck Of(Precision precision, TensorShape x, TensorShape weight, (int, int, int) padding)
    {
        var shape = ConvolutionShape.Create(x, WeightShape.Of(weight), padding);
        return new(nameof(Primitives.Convolution), $"{x} * {weight} in {precision}", Sums, device => Compute(device, shape, precision)) { IsOfMatrixUnits = true };
    }

    private static CheckedArray[] Compute(ComputeDevice device, ConvolutionShape shape, Precision precision)
    {
        var onHost = device.Capabilities.OnHost;
        using var scope = new TensorScope();
        using var rounding = new PrecisionScope(device, precision);
        using var forced = onHost ? null : device.Algorithms.Force(nameof(Primitives.Convolution), "matrix");
        var (x, weight, dy) = (Given(shape.Input, 0, onHost), Given(shape.Weight, 1, onHost), Given(shape.Output, 2, onHost));
        var (y, dx, dweight) = (Tensor.Empty(device, shape.Output), Tensor.Empty(device, shape.Input), Tensor.Empty(device, shape.Weight));
        Primitives.Convolution.Forward(shape, x.Buffer, weight.Buffer, default, y.Buffer);
        Primitives.Convolution.BackwardInput(shape, dy.Buffer, weight.Buffer, dx.Buffer);

        // Not every weight gradient rounds its factors.
        var isGivenRounded = onHost || !Primitives.MatrixLaunch.HasWeightGradient(shape);
        Primitives.Convolution.BackwardWeight(
            shape, Given(shape.Input, 0, isGivenRounded).Buffer, Given(shape.Output, 2, isGivenRounded).Buffer, dweight.Buffer);
        return [new("y", y.ToArray()), new("gradient of x", dx.ToArray()), new("gradient of the weight", dweight.ToArray())];

        Tensor Given(TensorShape extents, int stream, bool isRounded)
        {
            var values = CheckData.Values(extents, stream);
            return Tensor.From(device, extents, isRounded ? Array.ConvertAll(values, value => Rounded(value, precision)) : values);
        }
    }

    /// <summary>A unit and the last convolution of a network, with what lies between them stored in half the memory; the host stores all of it.</summary>
    private static SelfCheck Stored(TensorShape x, TensorShape small, int outputs) =>
        new(nameof(NormConvolution), $"{x} and {small} to {outputs}, stored in {ElementType.BF16}", Storage, device => ComputeStored(device, x, small, outputs)) { IsOfMatrixUnits = true };

    private static CheckedArray[] ComputeStored(ComputeDevice device, TensorShape x, TensorShape small, int outputs)
    {
        const int Components = 5;
        using var scope = new TensorScope();
        using var rounding = new PrecisionScope(device, Precision.BF16);
        using var forced = device.Capabilities.OnHost ? null : device.Algorithms.Force(nameof(Primitives.NormConvolution), "matrix");
        var joined = TensorShape.Vector(x.C + small.C);
        var (gamma, beta) = (Given(joined, 2), Given(joined, 3));
        var weight = Given(new(x.D > 1 ? 3 : 1, 3, 3, joined.C, outputs), 4);
        var (lastWeight, lastBias) = (Given(new(1, 1, 1, outputs, Components), 5), Given(TensorShape.Vector(Components), 6));
        var (values, second) = (Given(x, 0), Given(small, 1));
        var (y, pooled) = NormConvolution.Apply(
            new FeatureMap(Narrowed(values)), new FeatureMap(Narrowed(second)), gamma, beta, 8, weight, ActivationFunction.Identity,
            new NextOperations(Norm: true, (x.D > 1 ? 2 : 1, 2, 2), Narrow: true));
        var z = Convolution.Apply(y.Values, lastWeight, lastBias);
        Gradients.Backward(z, Tensor.From(device, z.Shape, CheckData.Values(z.Shape, 7)));
        return
        [
            new("y", Widened(y.Values)), new("maxima", Widened(pooled!.Value.Values)), new("result", z.ToArray()), new("gradient of x", values.Gradient!.ToArray()),
            new("gradient of the second", second.Gradient!.ToArray()), new("gradient of the weight", weight.Gradient!.ToArray()),
            new("gradient of gamma", gamma.Gradient!.ToArray()), new("gradient of the last weight", lastWeight.Gradient!.ToArray()),
        ];

        Tensor Given(TensorShape extents, int stream) => Tensor.From(device, extents, CheckData.Values(extents, stream)).WithGradient();

        // On the host rounded all the same, so that both are given the same values.
        Tensor Narrowed(Tensor tensor)
        {
            var narrow = Cast.Apply(tensor, ElementType.BF16);
            return device.Capabilities.OnHost ? Cast.Apply(narrow, ElementType.F32) : narrow;
        }

        static float[] Widened(Tensor tensor) => Cast.Apply(tensor.Detach(), ElementType.F32).ToArray();
    }

    private static float Rounded(float value, Precision precision) => precision switch
    {
        Precision.F32 => value,
        Precision.TF32 => BitConverter.Int32BitsToSingle(Primitives.TensorFloat32.Round(value)),
        _ => (BFloat16)value,
    };
}
