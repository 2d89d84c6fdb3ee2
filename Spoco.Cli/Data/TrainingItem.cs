using Spoco.Engine;

namespace Spoco.Cli.Data;

/// <summary>One loaded training image.</summary>
/// <param name="Name">What errors call it.</param>
/// <param name="Image">The normalised image.</param>
/// <param name="Labels">Its objects; 0 = unlabelled or background.</param>
internal sealed record TrainingItem(string Name, Volume<float> Image, Volume<int> Labels);
