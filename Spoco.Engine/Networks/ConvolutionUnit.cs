using Spoco.Engine.Ops;
using Spoco.Kernels;

namespace Spoco.Engine.Networks;

/// <summary>A convolution of size 3 with its norm and activation, composed after <see cref="UNetOptions.Order"/>.</summary>
internal sealed class ConvolutionUnit
{
    private readonly string _prefix;
    private readonly UNetOptions _options;
    private readonly int _inputs;
    private readonly int _outputs;
    private readonly List<Func<Tensor, bool, ImagePart, Tensor?>> _steps = [];
    private WholeUnit? _whole;
    private bool _grouped;

    public ConvolutionUnit(string prefix, int inputs, int outputs, UNetOptions options)
    {
        _prefix = prefix;
        _inputs = inputs;
        _outputs = outputs;
        _options = options;
    }

    private delegate (FeatureMap Y, FeatureMap? Pooled)? WholeUnit(FeatureMap x, FeatureMap? small, bool training, NextOperations next, ImagePart part);

    private bool HasNorm => _options.Order.Contains('g', StringComparison.Ordinal) || _options.Order.Contains('b', StringComparison.Ordinal);

    /// <summary>The arrays of the unit, in the order of the reference's state_dict.</summary>
    public IEnumerable<ParameterSpec> Specs()
    {
        var depth = _options.Dimensions == 3 ? 3 : 1;
        var fanIn = _inputs * depth * 9;
        var convolved = false;
        foreach (var letter in _options.Order)
        {
            var channels = TensorShape.Vector(convolved ? _outputs : _inputs);
            switch (letter)
            {
                case 'c':
                    yield return new ParameterSpec($"{_prefix}.conv.weight", new WeightShape(depth, 3, 3, _inputs, _outputs),
                        ParameterKind.ConvolutionWeight, fanIn);
                    if (!HasNorm)
                        yield return new ParameterSpec($"{_prefix}.conv.bias", TensorShape.Vector(_outputs), ParameterKind.Bias, fanIn);
                    convolved = true;
                    break;
                case 'g':
                    yield return new ParameterSpec($"{_prefix}.groupnorm.weight", channels, ParameterKind.Scale);
                    yield return new ParameterSpec($"{_prefix}.groupnorm.bias", channels, ParameterKind.Shift);
                    break;
                case 'b':
                    yield return new ParameterSpec($"{_prefix}.batchnorm.weight", channels, ParameterKind.Scale);
                    yield return new ParameterSpec($"{_prefix}.batchnorm.bias", channels, ParameterKind.Shift);
                    yield return new ParameterSpec($"{_prefix}.batchnorm.running_mean", channels, ParameterKind.RunningMean);
                    yield return new ParameterSpec($"{_prefix}.batchnorm.running_var", channels, ParameterKind.RunningVariance);
                    break;
            }
        }
    }

    /// <summary>Looks the arrays up once, so that a step touches no name.</summary>
    public void Bind(ParameterStore store)
    {
        var order = _options.Order;
        if (order is ['g' or 'b', 'c', var letter] && ActivationLetters.Find(letter) is { } function)
        {
            _grouped = order[0] == 'g';
            _whole = Whole(store, function);
            return;
        }

        for (var i = 0; i < order.Length; i++)
        {
            switch (order[i])
            {
                case 'c':
                    // An activation right behind the convolution is computed while its result is still in registers.
                    var activation = i + 1 < order.Length ? ActivationLetters.Find(order[i + 1]) : null;
                    var weight = store[$"{_prefix}.conv.weight"];
                    var bias = HasNorm ? null : store[$"{_prefix}.conv.bias"];
                    _steps.Add((x, _, part) => Convolution.Apply(
                        x, weight, bias, activation: activation ?? ActivationFunction.Identity, whole: part.Whole));
                    if (activation is not null)
                        i++;
                    break;
                case 'g':
                    var (scale, shift) = (store[$"{_prefix}.groupnorm.weight"], store[$"{_prefix}.groupnorm.bias"]);
                    var groups = scale.Shape.C < _options.Groups ? 1 : _options.Groups;
                    _steps.Add((x, _, part) => part.Statistics is null ? GroupNorm.Apply(x, scale, shift, groups)
                        : part.Statistics.Find(_prefix, groups, x, null, part.Own) is var (mean, variance)
                            ? BatchNorm.Apply(x, scale, shift, mean, variance, training: false) : null);
                    break;
                case 'b':
                    var (gamma, beta) = (store[$"{_prefix}.batchnorm.weight"], store[$"{_prefix}.batchnorm.bias"]);
                    var (mean, variance) = (store[$"{_prefix}.batchnorm.running_mean"], store[$"{_prefix}.batchnorm.running_var"]);
                    _steps.Add((x, training, _) => BatchNorm.Apply(x, gamma, beta, mean, variance, training));
                    break;
                default:
                    var last = ActivationLetters.Find(order[i])!.Value;
                    _steps.Add((x, _, _) => Activation.Apply(x, last));
                    break;
            }
        }
    }

    /// <summary>Applies the unit; what is not needed for the gradient is released at once.</summary>
    /// <param name="x">Input.</param>
    /// <param name="small">Second input, enlarged and joined behind the channels of <paramref name="x"/>; released here. Null = none.</param>
    /// <param name="training">Whether batch norm uses the statistics of the batch.</param>
    /// <param name="next">What follows, beside another unit a pooling.</param>
    /// <param name="part">What <paramref name="x"/> is a part of.</param>
    /// <returns>Null where the statistics of the unit's group norm were not known: they have been measured.</returns>
    public (FeatureMap Y, FeatureMap? Pooled)? Forward(FeatureMap x, FeatureMap? small, bool training, NextOperations next, ImagePart part)
    {
        using var scope = new TensorScope();
        FeatureMap? pooled;
        if (_whole is not null)
        {
            if (_whole(x, small, training, next with { Norm = next.Norm && (_grouped || training) }, part) is not { } result)
                return null;
            (x, pooled) = result;
            small?.Release();
        }
        else
        {
            var values = x.Values;
            if (small is { } second)
            {
                values = UpsampleConcat.Apply(values, second.Values);
                second.Release();
            }

            foreach (var step in _steps)
            {
                if (step(values, training, part) is not { } y)
                    return null;
                values = y;
            }

            (x, pooled) = next.Pool(new FeatureMap(values));
        }

        return (x.KeepIn(scope), pooled?.KeepIn(scope));
    }

    /// <summary>Norm, convolution and activation as one operation.</summary>
    private WholeUnit Whole(ParameterStore store, ActivationFunction activation)
    {
        var weight = store[$"{_prefix}.conv.weight"];
        var norm = $"{_prefix}.{(_grouped ? "groupnorm" : "batchnorm")}";
        var (gamma, beta) = (store[$"{norm}.weight"], store[$"{norm}.bias"]);
        if (_grouped)
        {
            var groups = gamma.Shape.C < _options.Groups ? 1 : _options.Groups;
            return (x, small, _, next, part) => part.Statistics is null
                ? NormConvolution.Apply(x, small, gamma, beta, groups, weight, activation, next)
                : part.Statistics.Find(_prefix, groups, x.Values, small?.Values, part.Own) is var (known, spread)
                    ? NormConvolution.ApplyBatch(
                        x, small, gamma, beta, known, spread, training: false, weight, activation, next with { Norm = false }, whole: part.Whole)
                    : null;
        }

        var (mean, variance) = (store[$"{norm}.running_mean"], store[$"{norm}.running_var"]);
        return (x, small, training, next, part) =>
            NormConvolution.ApplyBatch(x, small, gamma, beta, mean, variance, training, weight, activation, next, whole: part.Whole);
    }
}
