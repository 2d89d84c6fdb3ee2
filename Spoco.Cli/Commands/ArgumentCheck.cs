using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using Spoco.Engine;

namespace Spoco.Cli.Commands;

/// <summary>
/// Looks at the values of all options before they are used. The parser of options takes a comma for a separator of thousands, so that "0,001"
/// would be 1; it takes numbers that are none, and empty texts, which an unset variable of a script leaves behind and which as a path would be the
/// current folder.
/// </summary>
internal static class ArgumentCheck
{
    /// <exception cref="InputException">A value is empty, or no number where one belongs.</exception>
    public static void Require(ParseResult parsed)
    {
        for (var command = parsed.CommandResult; command is not null; command = command.Parent as CommandResult)
            foreach (var option in command.Children.OfType<OptionResult>())
                foreach (var token in option.Tokens)
                    Require(option.Option, token.Value);
    }

    private static void Require(Option option, string value)
    {
        if (string.IsNullOrWhiteSpace(value))
            throw new InputException($"{option.Name}: its value is empty.");
        var type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
        if (type == typeof(double))
            RequireDecimal(option, value);
        else if (type == typeof(int))
            RequireWhole<int>(option, value);
        else if (type == typeof(long))
            RequireWhole<long>(option, value);
    }

    private static void RequireDecimal(Option option, string value)
    {
        if (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
            return;
        var hint = value.Contains(',', StringComparison.Ordinal) ? "; decimals stand behind a point" : "";
        throw new InputException($"{option.Name}: expected a number, such as 0.5 or 2e-4, got '{value}'{hint}.");
    }

    private static void RequireWhole<T>(Option option, string value) where T : INumber<T>, IMinMaxValue<T>
    {
        if (!T.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
            throw new InputException($"{option.Name}: expected a whole number from {T.MinValue} to {T.MaxValue}, got '{value}'.");
    }
}
