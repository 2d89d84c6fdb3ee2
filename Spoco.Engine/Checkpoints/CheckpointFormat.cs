using Spoco.Engine.Networks;

namespace Spoco.Engine.Checkpoints;

/// <summary>
/// What stands in a checkpoint, and under which name: the arrays of the two networks and of the optimisers, and the strings of the metadata. Whoever reads or writes one takes it from here.
/// </summary>
internal static class CheckpointFormat
{
    /// <summary>What this version writes, and all that it reads.</summary>
    public const string Version = "1";

    /// <summary>Metadata: the version.</summary>
    public const string VersionKey = "spoco.format";

    /// <summary>Metadata: what the model is, <see cref="SpocoModelOptions"/>.</summary>
    public const string ModelKey = "spoco.model";

    /// <summary>Metadata: how far the training is, <see cref="Training.TrainingState"/>; of a checkpoint to resume from.</summary>
    public const string TrainingKey = "spoco.training";

    /// <summary>Metadata: what the training was started with, <see cref="SettingsFormat"/>.</summary>
    public const string SettingsKey = "spoco.settings";

    /// <summary>Metadata: the validation of the best model so far, <see cref="Training.ValidationResult"/>.</summary>
    public const string BestKey = "spoco.best";

    /// <summary>Metadata: what the images and labels are, <see cref="Training.DataFingerprint"/>.</summary>
    public const string DataKey = "spoco.data";

    /// <summary>Metadata: what the training was computed on.</summary>
    public const string ComputerKey = "spoco.computer";

    /// <summary>Metadata: the checksum of arrays and strings, see <see cref="SafeTensors"/>.</summary>
    public const string ChecksumKey = "spoco.checksum";

    /// <summary>Arrays: parameters and running statistics of f.</summary>
    public const string F = "net_f.";

    /// <summary>Arrays: those of g.</summary>
    public const string G = "net_g.";

    /// <summary>Arrays: parameters of the critic; in front of a moment's name, those of its optimiser.</summary>
    public const string Critic = "critic.";

    /// <summary>Arrays: in front of a moment's name, that it is one of g.</summary>
    public const string OfG = "g.";

    /// <summary>Arrays: Adam's first moments.</summary>
    public const string FirstMoment = "exp_avg.";

    /// <summary>Arrays: Adam's second moments.</summary>
    public const string SecondMoment = "exp_avg_sq.";

    /// <summary>The counter that PyTorch's load_state_dict insists on beside a running variance.</summary>
    public static string CounterBeside(string runningVariance) =>
        runningVariance.Replace(ParameterNames.RunningVariance, "num_batches_tracked", StringComparison.Ordinal);

    /// <summary>Extents in a file: a convolution's weight is [Cout, Cin, (kD,) kH, kW], everything else a vector.</summary>
    /// <param name="spec">The array.</param>
    /// <param name="dimensions">Of the network, 2 or 3.</param>
    public static long[] Shape(ParameterSpec spec, int dimensions) => spec.Kind == ParameterKind.ConvolutionWeight
        ? dimensions == 3
            ? [spec.Shape.C, spec.Shape.W, spec.Shape.N, spec.Shape.D, spec.Shape.H]
            : [spec.Shape.C, spec.Shape.W, spec.Shape.D, spec.Shape.H]
        : [spec.Shape.C];

    /// <summary>The values of an array in the layout of files: convolution weights as [Cout, Cin, (kD,) kH, kW].</summary>
    public static float[] ToFile(ParameterSpec spec, ReadOnlySpan<float> values) => Permute(spec, values, toFile: true);

    /// <summary>The inverse of <see cref="ToFile"/>.</summary>
    public static float[] FromFile(ParameterSpec spec, ReadOnlySpan<float> values) => Permute(spec, values, toFile: false);

    private static float[] Permute(ParameterSpec spec, ReadOnlySpan<float> values, bool toFile)
    {
        if (spec.Kind != ParameterKind.ConvolutionWeight)
            return values.ToArray();
        var weight = WeightShape.Of(spec.Shape);
        var (taps, input, output) = (weight.Taps, weight.Inputs, weight.Outputs);
        var result = new float[values.Length];
        for (var t = 0; t < taps; t++)
        {
            for (var i = 0; i < input; i++)
            {
                for (var o = 0; o < output; o++)
                {
                    var inMemory = (t * input + i) * output + o;
                    var inFile = (o * input + i) * taps + t;
                    result[toFile ? inFile : inMemory] = values[toFile ? inMemory : inFile];
                }
            }
        }

        return result;
    }
}
