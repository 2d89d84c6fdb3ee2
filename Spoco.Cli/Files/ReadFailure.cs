namespace Spoco.Cli.Files;

/// <summary>Our words for what a library throws at a damaged or unknown file; its own words stand behind <c>--verbose</c>.</summary>
internal static class ReadFailure
{
    /// <summary>What may be wrong, as a part of a sentence.</summary>
    public static string Of(Exception e) => (e.InnerException ?? e) switch
    {
        EndOfStreamException => "it is cut off",
        OutOfMemoryException => "it does not fit into memory",
        InsufficientExecutionStackException => "its parts contain each other, or lie too deep within each other",
        UnauthorizedAccessException => "permission denied",
        NotSupportedException or NotImplementedException => "it uses a feature of the format that is not known here",
        _ => "it is damaged, or uses a feature of the format that is not known here",
    };

    /// <summary>Our own message of an exception about an argument, without the name of the parameter that is appended to it.</summary>
    public static string Message(ArgumentException e) => e.ParamName is { } name
        ? e.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal)
        : e.Message;
}
