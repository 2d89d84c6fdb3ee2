namespace Spoco.Engine;

/// <summary>Bad input; the message is one line naming what is wrong, fit to be shown to the user as it is.</summary>
public sealed class InputException : Exception
{
    /// <summary>Bad input without a description.</summary>
    public InputException()
        : this("Bad input.")
    {
    }

    /// <summary>Bad input, described in one line.</summary>
    /// <param name="message">What is wrong, with the file's path where it is about a file.</param>
    public InputException(string message)
        : base(message)
    {
    }

    /// <summary>Bad input found by something that threw.</summary>
    /// <param name="message">What is wrong, with the file's path where it is about a file.</param>
    /// <param name="innerException">What was thrown.</param>
    public InputException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>
    /// The setting that is wrong: a property by its path from <see cref="Training.TrainingSettings"/>, such as <c>Labels.Budget</c>, or an argument by its name. The message begins with it, and
    /// names other settings in the same way. Null = it is about something else.
    /// </summary>
    public string? Setting { get; private init; }

    /// <summary>A setting that is wrong.</summary>
    /// <param name="setting">Its path or name, see <see cref="Setting"/>.</param>
    /// <param name="problem">What is wrong with it.</param>
    /// <param name="innerException">What was thrown.</param>
    internal static InputException OfSetting(string setting, string problem, Exception? innerException = null) => new($"{setting}: {problem}", innerException) { Setting = setting };
}
