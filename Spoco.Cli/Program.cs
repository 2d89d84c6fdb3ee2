using Spoco.Cli.Commands;

namespace Spoco.Cli;

/// <summary>The <c>spoco</c> command.</summary>
internal static class Program
{
    /// <summary>Everything went well.</summary>
    public const int Success = 0;

    /// <summary>Something is wrong with spoco itself.</summary>
    public const int InternalError = 1;

    /// <summary>The input is wrong: files, options, device.</summary>
    public const int BadInput = 2;

    /// <summary>Stopped by Ctrl-C or a termination signal; what was done is kept.</summary>
    public const int Interrupted = 130;

    public static int Main(string[] args) => CommandHost.Run("spoco", RootCommandFactory.Create, args);
}
