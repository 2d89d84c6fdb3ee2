using Spoco.Engine.Networks;
using Spoco.Engine.Ops;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.SelfTests;

/// <summary>Every operation, forward and backward, and the gradient of the gradient where there is one: shapes that fit no tile, and ordinary ones.</summary>
internal static class OperationChecks
{
    private const double Rounding = 2e-6;
    private const double Sums = 2e-5;

    private static readonly TensorShape Flat = new(2, 1, 5, 7, 3);
    private static readonly TensorShape Deep = new(1, 3, 5, 4, 17);
    private static readonly TensorShape Image = new(4, 1, 64, 60, 16);
    private static readonly TensorShape Block = new(1, 12, 32, 32, 32);

    private static readonly (TensorShape Shape, bool IsLarge)[] Shapes = [(Flat, false), (Deep, false), (Image, true), (Block, true)];

    public static IEnumerable<SelfCheck> All() =>
    [
        .. Shapes.SelectMany(s => Pointwise(s.Shape).Concat(Resizing(s.Shape)).Concat(Norms(s.Shape)).Select(c => c with { IsLarge = s.IsLarge })),
        .. Convolutions(), .. NormConvolutions(), .. Optimisers(),
    ];

    private static IEnumerable<SelfCheck> Pointwise(TensorShape shape)
    {
        foreach (var function in ActivationLetters.All.Values)
            yield return Twice(nameof(Activation), $"{Name(function)} {shape}", Rounding, [shape], x => Activation.Apply(x[0], function));
        yield return Twice(nameof(Elementwise), $"sum, product {shape}", Rounding, [shape, shape],
            x => Elementwise.AddScaled(Elementwise.Multiply(x[0], x[1]), Elementwise.Scale(Elementwise.Add(x[0], x[1]), 0.3f), -0.7f));
        yield return Twice(nameof(Arithmetic), $"difference, quotient, exponential, logarithm, root {shape}", Sums, [shape, shape],
            x => Arithmetic.Divide(Arithmetic.Subtract(x[0], x[1]), Arithmetic.SquareRoot(Arithmetic.Logarithm(Arithmetic.Exponential(Elementwise.Add(Squared(x), One(x[0])))))));
        yield return Twice(nameof(AxisSum), $"over voxels {shape}", Sums, [shape], x => Root(AxisSum.OverVoxels(Elementwise.Multiply(x[0], x[0]))));
        yield return Twice(nameof(AxisSum), $"over channels {shape}", Sums, [shape], x => Root(AxisSum.OverChannels(Elementwise.Multiply(x[0], x[0]))));
        yield return Twice(nameof(AxisSum), $"spread {shape}", Sums, [shape], x => Elementwise.Multiply(
            AxisSum.SpreadOverVoxels(AxisSum.OverVoxels(x[0]), shape), AxisSum.SpreadOverChannels(AxisSum.OverChannels(x[0]), shape)));
        yield return Twice(nameof(Reduction), $"sum, mean {shape}", Sums, [shape], x => Elementwise.AddScaled(Reduction.Mean(x[0]), Reduction.Sum(x[0]), 0.01f));
        yield return Twice(nameof(Cast), $"{shape}", Rounding, [shape],
            x => Cast.Apply(Cast.Apply(Cast.Apply(x[0], ElementType.BF16), ElementType.F16), ElementType.F32));
        yield return Twice(nameof(Dropout), $"{shape}", Rounding, [shape], x => Dropout.Apply(x[0], 0.4f, 11));
        yield return Twice(nameof(ChannelSlice), $"{shape}", Rounding, [shape], x => ChannelSlice.Apply(x[0], 1, shape.C - 2));
        yield return Twice(nameof(Reshape), $"{shape}", Rounding, [shape], x => Reshape.Apply(x[0], new TensorShape(shape.N, 1, 1, 1, (int)(shape.Count / shape.N))));
    }

    private static Tensor Squared(Tensor[] x) => Elementwise.Multiply(x[1], x[1]);

    private static Tensor One(Tensor x) => Tensor.Filled(x.Device, x.Shape, 1);

    /// <summary>The square root of x + 1.</summary>
    private static Tensor Root(Tensor x) => Arithmetic.SquareRoot(Elementwise.Add(x, One(x)));

    private static IEnumerable<SelfCheck> Resizing(TensorShape shape)
    {
        foreach (var window in (((int, int, int)[])[(1, 2, 2), (shape.D, 2, 3)]).Distinct())
        {
            yield return Twice(nameof(MaxPool), $"{shape} by {window}", Rounding, [shape], x => MaxPool.Apply(x[0], window));
            yield return Twice(nameof(AveragePool), $"{shape} by {window}", Rounding, [shape], x => AveragePool.Apply(x[0], window));
        }

        var small = shape with { D = (shape.D + 1) / 2, H = (shape.H + 1) / 2, W = shape.W / 2 + 1, C = shape.C + 2 };
        yield return Twice(nameof(Upsample), $"{small} to {shape}", Rounding, [small], x => Upsample.Apply(x[0], shape.D, shape.H, shape.W));
        yield return Twice(nameof(UpsampleConcat), $"{small} to {shape}", Rounding, [shape, small], x => UpsampleConcat.Apply(x[0], x[1]));
        yield return Twice(nameof(Concat), $"{shape}", Rounding, [shape, shape.WithChannels(2)], x => Concat.Apply(x[0], x[1]));
    }

    private static IEnumerable<SelfCheck> Norms(TensorShape shape)
    {
        var channels = TensorShape.Vector(shape.C);
        foreach (var groups in ((int[])[1, shape.C % 8 == 0 ? 8 : shape.C]))
            yield return Once(nameof(GroupNorm), $"{shape}, {groups} groups", Sums, [shape, channels, channels], x => GroupNorm.Apply(x[0], x[1], x[2], groups));
        foreach (var training in (bool[])[true, false])
            yield return new SelfCheck(nameof(BatchNorm), $"{shape}, {(training ? "training" : "evaluation")}", Sums, device =>
            {
                using var scope = new TensorScope();
                var (mean, variance) = (Tensor.Filled(device, channels, 0.1f), Tensor.Filled(device, channels, 0.7f));
                var results = Compute(device, [shape, channels, channels], x => BatchNorm.Apply(x[0], x[1], x[2], mean, variance, training), twice: false);
                return [.. results, new("running mean", mean.ToArray()), new("running variance", variance.ToArray())];
            });
    }

    // Of many results some lie so near to 0 that two devices see a ReLU on different sides of its kink; they take functions without one.
    private static IEnumerable<SelfCheck> Convolutions()
    {
        var (relu, elu) = (ActivationFunction.Relu, ActivationFunction.Elu());
        yield return Of(new(1, 1, 1, 1, 1), new(1, 1, 1, 1, 1), (0, 0, 0), default);
        yield return Of(Flat, new(1, 3, 3, 3, 5), (0, 1, 1), relu);
        yield return Of(Deep, new(3, 3, 3, 17, 9), (1, 1, 1), ActivationFunction.LeakyRelu());
        yield return Of(new(1, 2, 6, 9, 2), new(2, 3, 1, 2, 3), (1, 0, 2), ActivationFunction.Elu());
        yield return Of(new(2, 1, 5, 6, 4), new(1, 5, 3, 4, 8), (0, 2, 1), relu);
        yield return Of(new(1, 1, 6, 7, 8), new(1, 1, 1, 8, 4), (0, 0, 0), default);
        yield return Of(new(1, 1, 9, 11, 1), new(1, 3, 3, 1, 8), (0, 1, 1), relu);
        yield return Of(new(4, 1, 64, 60, 16), new(1, 3, 3, 16, 16), (0, 1, 1), elu, isLarge: true);
        yield return Of(new(1, 10, 32, 32, 32), new(3, 3, 3, 32, 64), (1, 1, 1), elu, isLarge: true);
        yield return Of(new(1, 9, 17, 19, 192), new(3, 3, 3, 192, 64), (1, 1, 1), elu, isLarge: true);
        yield return Of(new(2, 1, 14, 14, 256), new(1, 3, 3, 256, 256), (0, 1, 1), elu, isLarge: true);
        yield return Of(new(2, 4, 33, 31, 64), new(1, 1, 1, 64, 17), (0, 0, 0), default, isLarge: true);
        yield return Of(new(1, 1, 200, 203, 3), new(1, 5, 7, 3, 24), (0, 2, 3), elu, isLarge: true);
        yield return Twice(nameof(Dense), "60 values to 7", Sums, [new(3, 1, 4, 5, 3), new(1, 1, 1, 60, 7), TensorShape.Vector(7)], x => Dense.Apply(x[0], x[1], x[2]));
        yield return Twice(nameof(Dense), "3000 values to 40", Sums, [new(4, 1, 1, 1, 3000), new(1, 1, 1, 3000, 40), TensorShape.Vector(40)],
            x => Dense.Apply(x[0], x[1], x[2], elu)) with { IsLarge = true };

        SelfCheck Of(TensorShape x, TensorShape weight, (int, int, int) padding, ActivationFunction function, bool isLarge = false) =>
            Twice(nameof(Convolution), $"{x} * {weight} {Name(function)}".TrimEnd(), Sums, [x, weight, TensorShape.Vector(weight.C)],
                t => Convolution.Apply(t[0], t[1], t[2], padding, function)) with { IsLarge = isLarge };
    }

    private static IEnumerable<SelfCheck> NormConvolutions()
    {
        foreach (var (x, small, outputs, isLarge) in ((TensorShape, TensorShape, int, bool)[])
        [
            (new(2, 1, 6, 6, 5), new(2, 1, 3, 3, 7), 3, false), (new(1, 3, 4, 6, 8), new(1, 3, 2, 3, 8), 16, false), (new(2, 1, 7, 5, 8), default, 8, false),
            (new(2, 1, 48, 44, 16), new(2, 1, 24, 22, 32), 16, true), (new(1, 8, 24, 20, 32), new(1, 4, 12, 10, 64), 32, true), (Image, default, 32, true),
        ])
        {
            var joined = x.C + small.C;
            TensorShape[] shapes =
            [
                x, TensorShape.Vector(joined), TensorShape.Vector(joined), new(x.D > 1 ? 3 : 1, 3, 3, joined, outputs), .. small.IsValid ? new[] { small } : [],
            ];
            var function = isLarge ? ActivationFunction.Identity : ActivationFunction.LeakyRelu();
            var name = small.IsValid ? $"{x} + {small} to {outputs}" : $"{x} to {outputs}";
            yield return Once(nameof(NormConvolution), $"group norm {name}", 2 * Sums, shapes,
                t => NormConvolution.Apply(t[0], t.Length > 4 ? t[4] : null, t[1], t[2], joined % 8 == 0 ? 8 : 1, t[3], function)) with { IsLarge = isLarge };
            yield return Once(nameof(NormConvolution), $"batch norm {name}", 2 * Sums, shapes, t =>
            {
                var (mean, variance) = (Tensor.Zeros(t[0].Device, t[1].Shape), Tensor.Filled(t[0].Device, t[1].Shape, 1));
                return NormConvolution.ApplyBatch(t[0], t.Length > 4 ? t[4] : null, t[1], t[2], mean, variance, true, t[3], function);
            }) with { IsLarge = isLarge };
        }
    }

    private static IEnumerable<SelfCheck> Optimisers()
    {
        foreach (var (length, isLarge) in ((int, bool)[])[(37, false), (1_000_003, true)])
        {
            yield return new SelfCheck(nameof(Primitives.Adam), $"{length} parameters, 3 steps", Rounding, device => Adam(device, length)) { IsLarge = isLarge };
            yield return new SelfCheck(nameof(Primitives.MomentumUpdate), $"{length} parameters", Rounding, device =>
            {
                using var scope = new TensorScope();
                var (g, f) = (Vector(device, length, 1), Vector(device, length, 2));
                Primitives.MomentumUpdate.Apply(g.Buffer, f.Buffer, 0.99);
                return [new("g", g.ToArray())];
            }) { IsLarge = isLarge };
            yield return new SelfCheck(nameof(Primitives.Reduction), $"numbers that are none among {length}", 0, device => NonFinite(device, length)) { IsLarge = isLarge };
        }
    }

    private static CheckedArray[] Adam(ComputeDevice device, int length)
    {
        using var scope = new TensorScope();
        var (p, m, v, q) = (Vector(device, length, 1), Tensor.Zeros(device, TensorShape.Vector(length)), Tensor.Zeros(device, TensorShape.Vector(length)), Vector(device, length, 2));
        for (var step = 1; step <= 3; step++)
        {
            var g = Vector(device, length, 2 + step);
            Primitives.Adam.Step(p.Buffer, g.Buffer, m.Buffer, v.Buffer, new AdamSettings(), step, clearGradients: true, q.Buffer, 0.9);
        }

        // What is found on the device keeps it from a fourth step.
        var none = Tensor.Filled(device, TensorShape.Vector(length), float.PositiveInfinity);
        var findings = Tensor.Zeros(device, TensorShape.Vector(2)).Buffer.Cast<int>();
        Primitives.Reduction.NoteNonFinite(none.Buffer, findings.Slice(1, 1));
        Primitives.Adam.Step(p.Buffer, none.Buffer, m.Buffer, v.Buffer, new AdamSettings(), 4, clearGradients: true, q.Buffer, 0.9, findings);
        return [new("p", p.ToArray()), new("m", m.ToArray()), new("v", v.ToArray()), new("q", q.ToArray())];
    }

    private static CheckedArray[] NonFinite(ComputeDevice device, int length)
    {
        using var scope = new TensorScope();
        var x = Vector(device, length, 1);
        var before = Primitives.Reduction.HasNonFinite(x.Buffer);
        x.Buffer.Slice(length - 1, 1).CopyFrom([float.NaN]);
        return [new("found", [before ? 1 : 0, Primitives.Reduction.HasNonFinite(x.Buffer) ? 1 : 0])];
    }

    private static Tensor Vector(ComputeDevice device, int length, int stream) =>
        Tensor.From(device, TensorShape.Vector(length), CheckData.Values(TensorShape.Vector(length), stream));

    /// <summary>The result, and the gradients of a random weighting of it with respect to all inputs.</summary>
    private static SelfCheck Once(string operation, string name, double bound, TensorShape[] inputs, Func<Tensor[], Tensor> apply) =>
        new(operation, name, bound, device => Compute(device, inputs, apply, twice: false));

    /// <summary>The same, and the gradients of the squares of the first input's gradient of y^2.</summary>
    private static SelfCheck Twice(string operation, string name, double bound, TensorShape[] inputs, Func<Tensor[], Tensor> apply) =>
        new(operation, name, 4 * bound, device => Compute(device, inputs, apply, twice: true));

    private static CheckedArray[] Compute(ComputeDevice device, TensorShape[] shapes, Func<Tensor[], Tensor> apply, bool twice)
    {
        using var scope = new TensorScope();
        var inputs = new Tensor[shapes.Length];
        for (var i = 0; i < inputs.Length; i++)
            inputs[i] = Tensor.From(device, shapes[i], CheckData.Values(shapes[i], i)).WithGradient();
        var y = apply(inputs);
        var weights = Tensor.From(device, y.Shape, CheckData.Values(y.Shape, inputs.Length));
        var results = new List<CheckedArray> { new("y", y.ToArray()) };
        var gradients = Gradients.Of(y, inputs, weights, createGraph: twice);
        results.AddRange(gradients.Select((g, i) => new CheckedArray($"gradient {i}", g.ToArray())));
        if (!twice)
            return [.. results];
        var first = Gradients.Of(Elementwise.Multiply(y, y), [inputs[0]], createGraph: true)[0];
        var second = Gradients.Of(Reduction.Mean(Elementwise.Multiply(first, first)), [inputs[0]])[0];
        return [.. results, new CheckedArray("gradient of y^2", first.ToArray()), new CheckedArray("gradient of its square", second.ToArray())];
    }

    private static string Name(ActivationFunction function) => function == ActivationFunction.Identity ? "" : $"{function}";
}
