using Spoco.Kernels;

namespace Spoco.Engine.Networks;

/// <summary>The letters that stand for activations in <see cref="UNetOptions.Order"/>.</summary>
internal static class ActivationLetters
{
    /// <summary>Every letter with its function.</summary>
    public static IReadOnlyDictionary<char, ActivationFunction> All { get; } = new SortedDictionary<char, ActivationFunction>
    {
        ['r'] = ActivationFunction.Relu,
        ['l'] = ActivationFunction.LeakyRelu(),
        ['e'] = ActivationFunction.Elu(),
    };

    /// <summary>The function of a letter; null where it stands for something else.</summary>
    public static ActivationFunction? Find(char letter) => All.TryGetValue(letter, out var function) ? function : null;
}
