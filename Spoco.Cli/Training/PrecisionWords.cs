using System.CommandLine;
using Spoco.Engine;
using Spoco.Kernels;

namespace Spoco.Cli.Training;

/// <summary>What <c>--precision</c> calls a <see cref="Precision"/>, and what is printed of the one that was chosen.</summary>
internal static class PrecisionWords
{
    /// <summary>The choice is left to whoever computes.</summary>
    public const string Auto = "auto";

    private static readonly (string Word, Precision Precision)[] Words = [("fp32", Precision.F32), ("tf32", Precision.TF32), ("bf16", Precision.BF16)];

    /// <summary>The word for a precision; null = <see cref="Auto"/>.</summary>
    public static string Of(Precision? precision) => precision is { } chosen ? Words.Single(word => word.Precision == chosen).Word : Auto;

    /// <summary>The precision that a word stands for; null = none, where it is <see cref="Auto"/>.</summary>
    /// <exception cref="FormatException">It is none of the words.</exception>
    public static Precision? Parse(string word) => word == Auto ? null
        : Words.FirstOrDefault(known => known.Word == word) is { Word: not null } found ? found.Precision : throw new FormatException($"{word} is no precision.");

    /// <summary>The option.</summary>
    /// <param name="auto">What <see cref="Auto"/> stands for.</param>
    public static Option<string> Option(string auto)
    {
        var option = new Option<string>("--precision")
        {
            Description = "How the factors of convolutions are rounded on GPUs with matrix units for it (NVIDIA, compute capability 8.0 and above); others convolve in single precision. fp32: not at all, "
                + $"three products stand for one. tf32: to 10 bits of mantissa. bf16: to 7, and activations are stored so, in half the memory. Sums, parameters and all else are single precision. auto: {auto}. See docs/precision.md.",
            DefaultValueFactory = _ => Auto,
            HelpName = string.Join('|', [.. Words.Select(word => word.Word), Auto]),
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && token.Value != Auto && Words.All(word => word.Word != token.Value))
                result.AddError($"--precision: expected {string.Join(", ", Words.Select(word => word.Word))} or {Auto}, got '{token.Value}'.");
        });
        return option;
    }

    /// <summary>Lets a model predict as was asked for, and says how it does.</summary>
    /// <param name="model">The model, which has a precision of its own.</param>
    /// <param name="asked">The word.</param>
    public static void Apply(SpocoModel model, string asked)
    {
        model.Precision = Parse(asked) ?? model.Precision;
        Say(model.Device, model.Precision);
    }

    /// <summary>Prints how a device convolves, where it has a choice, or where it has not the one that was asked for.</summary>
    public static void Say(ComputeDevice device, Precision precision)
    {
        if (Line(device.ToString(), device.Capabilities, precision) is { } line)
            Terminal.Note(line);
    }

    /// <summary>The line; null = there is nothing to say.</summary>
    internal static string? Line(string device, in Capabilities capabilities, Precision precision) =>
        capabilities.RoundsFactors ? $"precision: {Of(precision)} on {device}"
        : precision == Precision.F32 ? null
        : $"precision: {device} has no matrix units for {Of(precision)}; it convolves in single precision.";
}
