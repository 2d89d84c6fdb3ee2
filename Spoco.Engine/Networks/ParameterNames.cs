namespace Spoco.Engine.Networks;

/// <summary>The names of a U-Net's arrays: those of the reference's state_dict. A <see cref="ConvolutionUnit"/> knows those within a unit.</summary>
internal static class ParameterNames
{
    /// <summary>Weights of a convolution, or scales of a norm.</summary>
    public const string Weight = "weight";

    /// <summary>Biases of a convolution, or shifts of a norm.</summary>
    public const string Bias = "bias";

    /// <summary>Running variances of a batch norm.</summary>
    public const string RunningVariance = "running_var";

    /// <summary>The last convolution of a U-Net.</summary>
    public const string Last = "final_conv";

    /// <summary>An encoder level of a U-Net, the finest being 0.</summary>
    public static string Encoder(int level) => $"encoders.{level}.basic_module";

    /// <summary>A decoder level, the coarsest being 0.</summary>
    public static string Decoder(int level) => $"decoders.{level}.basic_module";

    /// <summary>One of the two units of a level, counted from 1.</summary>
    public static string Unit(string level, int number) => $"{level}.SingleConv{number}";

    /// <summary>Whether an array belongs to the last convolution, whose output channels are those of the network.</summary>
    public static bool IsOfLast(string name) => name.StartsWith($"{Last}.", StringComparison.Ordinal);
}
