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
    /// <param name="innerException">What was thrown, for <c>--verbose</c>.</param>
    public InputException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
