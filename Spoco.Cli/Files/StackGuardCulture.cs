using System.Globalization;
using System.Runtime.CompilerServices;

namespace Spoco.Cli.Files;

/// <summary>
/// Turns endless recursion within PureHDF into an exception. Links of a file that point at each other are followed without reading
/// anything, so <see cref="GuardedStream"/> is not asked; but every step compares a path with "/", which asks the current culture.
/// </summary>
internal sealed class StackGuardCulture : CultureInfo
{
    private StackGuardCulture()
        : base("")
    {
    }

    public override CompareInfo CompareInfo
    {
        get
        {
            RuntimeHelpers.EnsureSufficientExecutionStack();
            return base.CompareInfo;
        }
    }

    /// <summary>Runs a call with the guard in place on this thread.</summary>
    public static TResult Run<TResult>(Func<TResult> call)
    {
        var before = CurrentCulture;
        CurrentCulture = new StackGuardCulture();
        try
        {
            return call();
        }
        finally
        {
            CurrentCulture = before;
        }
    }
}
