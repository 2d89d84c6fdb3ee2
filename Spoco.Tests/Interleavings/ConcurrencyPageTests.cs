using System.Reflection;
using System.Text.RegularExpressions;
using Spoco.Engine;
using Spoco.Kernels;

namespace Spoco.Tests.Interleavings;

/// <summary>docs/concurrency.md names every kernel and every body of a pass, and nothing that is not there.</summary>
public sealed partial class ConcurrencyPageTests
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;

    private static readonly Assembly[] Assemblies =
        [typeof(ComputeDevice).Assembly, typeof(SpocoModel).Assembly, typeof(Cli.Interruption).Assembly];

    [Test]
    public void Every_kernel_has_a_line() => Assert.That(string.Join(", ", KernelPlayTests.Kernels().Except(Named())), Is.Empty);

    [Test]
    public void Every_body_of_a_pass_has_a_line()
    {
        var bodies = Assemblies.SelectMany(a => a.GetTypes()).Where(t => !t.IsInterface && (typeof(IParallelBody).IsAssignableFrom(t) || typeof(IPartBody).IsAssignableFrom(t)))
            .Select(t => t.DeclaringType is { } outer ? $"{Simple(outer)}.{Simple(t)}" : $"{Simple(t)}.Execute").ToArray();
        Assert.That(bodies, Has.Length.GreaterThan(50));
        Assert.That(string.Join(", ", bodies.Except(Named())), Is.Empty);
    }

    [Test]
    public void What_is_named_is_there()
    {
        var types = Assemblies.SelectMany(a => a.GetTypes()).ToLookup(Simple);
        var unknown = Named().Where(name => name.Split('.') is [var type, var member] && types.Contains(type)
            && !types[type].Any(t => t.GetMember(member, MemberTypes.All, All).Length > 0 || t.GetNestedTypes(All).Any(n => Simple(n) == member)));
        Assert.That(string.Join(", ", unknown), Is.Empty);
    }

    private static string Simple(Type type) => type.Name.Split('`')[0];

    // What stands in quotes as a type and a member.
    private static HashSet<string> Named()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Spoco.sln")))
            folder = folder.Parent;
        if (folder is null)
            Assert.Ignore("The documentation is not here: the tests run outside the project's folder.");
        var page = File.ReadAllText(Path.Combine(folder!.FullName, "docs", "concurrency.md"));
        return [.. Name().Matches(page).Select(match => match.Groups[1].Value)];
    }

    [GeneratedRegex(@"`(\w+\.\w+)`")]
    private static partial Regex Name();
}
