#include "metrics/registry.hpp"

#include <prometheus/text_serializer.h>

namespace chaind::metrics
{

std::string registry::text() const
{
    return prometheus::TextSerializer{}.Serialize(registry_->Collect());
}

}  // namespace chaind::metrics
