using System.Globalization;

namespace Spoco.Engine.Data;

/// <summary>
/// Sparse supervision: which objects of each image training knows; all other voxels become 0, unlabelled. Objects are label numbers, ascending; the choice
/// depends on them and the seed only.
/// </summary>
internal static class InstanceSelection
{
    /// <summary>A random fraction of an image's objects: round(ratio * objects), at least one where the ratio is above 0.</summary>
    /// <exception cref="InputException">The ratio is not within 0 .. 1.</exception>
    public static int[] OfImage(IReadOnlyList<int> objects, double ratio, long seed, int imageIndex)
    {
        CheckRatio(ratio);
        var count = ratio == 0 ? 0 : Math.Max(1, (int)Math.Round(ratio * objects.Count));
        return [.. Shuffled(objects, RandomSource.ForIndex(seed, imageIndex, 0)).Take(count)];
    }

    /// <summary>
    /// A random fraction of the objects of a whole training set, round(ratio * objects), at least one where the ratio is above 0: for ratios of which the
    /// single image has too few objects (Cityscapes, MitoEM at 1 %).
    /// </summary>
    /// <exception cref="InputException">The ratio is not within 0 .. 1.</exception>
    public static int[][] OfSet(IReadOnlyList<IReadOnlyList<int>> objects, double ratio, long seed)
    {
        CheckRatio(ratio);
        var all = objects.SelectMany((labels, image) => labels.Select(label => (image, label))).ToArray();
        RandomSource.ForIndex(seed, objects.Count, 2).Shuffle(all.AsSpan());
        var count = ratio == 0 ? 0 : Math.Max(1, (int)Math.Round(ratio * all.Length));
        var kept = all.Take(count).ToLookup(o => o.image, o => o.label);
        return [.. objects.Select((_, image) => kept[image].ToArray())];
    }

    /// <summary>
    /// <paramref name="budget"/> objects of a whole training set (appendix A.5): <c>sparse</c>, one object in each of as many random images
    /// (several where there are fewer images than objects); <c>dense</c>, all in one random image that has as many.
    /// </summary>
    /// <param name="objects">The objects of every image.</param>
    /// <param name="budget">Objects to keep.</param>
    /// <param name="dense">Which of the two.</param>
    /// <param name="exactly">Dense: whether the image must have no further object, so that what is not kept can count as background.</param>
    /// <param name="seed">Decides the choice.</param>
    /// <exception cref="InputException">The training set, or for <c>dense</c> every single image, has fewer objects, or none exactly as many.</exception>
    public static int[][] OfBudget(IReadOnlyList<IReadOnlyList<int>> objects, int budget, bool dense, bool exactly, long seed)
    {
        if (budget < 1)
            throw InputException.OfSetting("Labels.Budget", $"a budget is at least 1 object, got {budget}.");
        var random = RandomSource.ForIndex(seed, objects.Count, 1);
        var left = objects.Select(labels => Shuffled(labels, random)).ToArray();
        var order = Enumerable.Range(0, objects.Count).ToArray();
        random.Shuffle(order.AsSpan());
        var taken = new int[objects.Count];
        if (dense)
            taken[FullImage(order, left, budget, exactly)] = budget;
        else
            Spread(order, left, budget, taken);
        return [.. left.Select((labels, i) => labels[..taken[i]])];
    }

    /// <summary>Objects that are named.</summary>
    /// <param name="images">The names of the images.</param>
    /// <param name="objects">The objects of every image.</param>
    /// <param name="known">The objects to keep, each as IMAGE:NUMBER.</param>
    /// <exception cref="InputException">A text is none of these, or there is no such image or object.</exception>
    public static int[][] OfNames(IReadOnlyList<string> images, IReadOnlyList<IReadOnlyList<int>> objects, IReadOnlyList<string> known)
    {
        var indices = images.Select((name, i) => (name, i)).ToLookup(image => image.name, image => image.i);
        var kept = objects.Select(_ => new SortedSet<int>()).ToArray();
        foreach (var text in known)
        {
            var colon = text.LastIndexOf(':');
            if (colon < 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                throw InputException.OfSetting("Labels.KnownObjects", $"expected IMAGE:NUMBER, got '{text}'.");
            if (!indices.Contains(text[..colon]))
                throw InputException.OfSetting("Labels.KnownObjects", $"there is no training image {text[..colon]}.");
            var index = indices[text[..colon]].First();
            if (!objects[index].Contains(number))
                throw InputException.OfSetting("Labels.KnownObjects", $"{images[index]} has no object {number}.");
            kept[index].Add(number);
        }

        return [.. kept.Select(numbers => numbers.ToArray())];
    }

    private static int FullImage(int[] order, int[][] left, int budget, bool exactly)
    {
        foreach (var image in order)
        {
            if (left[image].Length == budget)
                return image;
        }

        if (exactly)
        {
            var near = left.Select(labels => labels.Length).Where(n => n > 0).Distinct().OrderBy(n => Math.Abs(n - budget)).Take(3).Order();
            throw InputException.OfSetting("Labels.Budget", $"no image has exactly {budget} objects, as dense labels need; the nearest have {string.Join(", ", near)}.");
        }

        foreach (var image in order)
        {
            if (left[image].Length > budget)
                return image;
        }

        throw InputException.OfSetting("Labels.Budget", $"no image has {budget} objects (at most {left.Max(labels => labels.Length)}).");
    }

    private static void Spread(int[] order, int[][] left, int budget, int[] taken)
    {
        var total = left.Sum(labels => labels.Length);
        if (total < budget)
            throw InputException.OfSetting("Labels.Budget", $"the training set has {total} objects, fewer than the budget of {budget}.");
        for (var (at, count) = (0, 0); count < budget; at = (at + 1) % order.Length)
        {
            if (taken[order[at]] >= left[order[at]].Length)
                continue;
            taken[order[at]]++;
            count++;
        }
    }

    private static int[] Shuffled(IReadOnlyList<int> objects, RandomSource random)
    {
        var shuffled = objects.ToArray();
        random.Shuffle(shuffled.AsSpan());
        return shuffled;
    }

    private static void CheckRatio(double ratio)
    {
        if (!(ratio >= 0 && ratio <= 1))
            throw InputException.OfSetting("Labels.InstanceRatio", $"the ratio of objects is from 0 to 1, got {ratio}.");
    }
}
