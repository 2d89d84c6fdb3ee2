namespace Spoco.Tests.Threads;

/// <summary>A test for each of <see cref="ThreadCounts.All"/>.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class ManyThreadsAttribute() : ValuesAttribute([.. ThreadCounts.All.Cast<object>()]);
